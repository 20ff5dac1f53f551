"""CUDA's runtime and driver as far as runtime/cuda.py uses them, on the CPU's memory.

What is put on a stream happens when somebody waits for it, never before; what is captured happens
at each launch; only memory that was allocated and not freed may be touched. The one kernel that
runs is crop.cu's, made by a C++ compiler.
"""

import ctypes
from types import SimpleNamespace


class Cuda:
    """Stands for both modules, `runtime` and `driver`. integrated: host and device share memory."""

    cudaError_t = SimpleNamespace(cudaSuccess=0)
    CUresult = SimpleNamespace(CUDA_SUCCESS=0)
    cudaMemcpyKind = SimpleNamespace(
        cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2, cudaMemcpyDeviceToDevice=3
    )
    cudaDeviceAttr = SimpleNamespace(cudaDevAttrIntegrated=18, cudaDevAttrCanMapHostMemory=19)
    cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal=1)
    cudaHostAllocDefault, cudaHostAllocMapped = 0, 2
    cudaStreamNonBlocking, cudaEventDisableTiming = 1, 2
    CUstream = int

    def __init__(self, kernels, *, integrated):
        self.kernels, self.integrated = kernels, integrated
        self.memory = {}  # address -> buffer
        self.waiting, self.capture = [], None
        self.copies = 0  # that really happened

    def put(self, work):
        """On the stream, or into the graph that is being captured."""
        (self.waiting if self.capture is None else self.capture).append(work)

    def checked(self, address, count):
        for start, buffer in self.memory.items():
            if start <= address and address + count <= start + len(buffer):
                return
        raise AssertionError(f"{count} bytes at {address:#x} are not allocated")

    def cudaMalloc(self, count):
        buffer = (ctypes.c_uint8 * count)(*[0xA5] * min(count, 64))
        self.memory[ctypes.addressof(buffer)] = buffer
        return 0, ctypes.addressof(buffer)

    def cudaFree(self, address):
        del self.memory[address]
        return (0,)

    def cudaHostAlloc(self, count, flags):
        assert flags == (self.cudaHostAllocMapped if self.integrated and flags else flags)
        return self.cudaMalloc(count)

    def cudaFreeHost(self, address):
        return self.cudaFree(address)

    def cudaHostGetDevicePointer(self, address, flags):
        return 0, address

    def cudaDeviceGetAttribute(self, what, device):
        return 0, int(self.integrated)

    def cudaSetDevice(self, device):
        return (0,)

    def cudaStreamCreateWithFlags(self, flags):
        return 0, 77

    def cudaStreamDestroy(self, stream):
        return (0,)

    def cudaStreamSynchronize(self, stream):
        assert self.capture is None, "waited for a stream that is being captured"
        for work in self.waiting:
            work()
        self.waiting = []
        return (0,)

    def cudaMemcpyAsync(self, to, source, count, kind, stream):
        self.checked(to, count)
        self.checked(source, count)

        def copy():
            self.copies += 1
            ctypes.memmove(to, source, count)

        self.put(copy)
        return (0,)

    def cudaEventCreateWithFlags(self, flags):
        return 0, object()

    def cudaEventRecord(self, event, stream):
        return (0,)

    def cudaStreamWaitEvent(self, stream, event, flags):
        return (0,)

    def cudaEventDestroy(self, event):
        return (0,)

    def cudaStreamBeginCapture(self, stream, mode):
        assert not self.waiting, "captured while work was under way"
        self.capture = []
        return (0,)

    def cudaStreamEndCapture(self, stream):
        graph, self.capture = self.capture, None
        return 0, graph

    def cudaGraphInstantiate(self, graph, flags):
        return 0, list(graph)

    def cudaGraphDestroy(self, graph):
        return (0,)

    def cudaGraphExecDestroy(self, graph):
        graph.clear()
        return (0,)

    def cudaGraphLaunch(self, graph, stream):
        assert graph, "a graph that was destroyed, or holds nothing"
        self.waiting += graph
        return (0,)

    def cudaGetErrorString(self, code):
        return 0, b"error"

    def cuModuleLoadData(self, code):
        return 0, self.kernels

    def cuModuleUnload(self, module):
        return (0,)

    def cuModuleGetFunction(self, module, name):
        return 0, name.decode()

    def cuLaunchKernel(self, name, *arguments):
        across, down, deep, wide, high, thick, shared, stream, (values, kinds), extra = arguments
        assert (deep, thick, shared, extra, stream) == (1, 1, 0, 0, 77)
        assert len(values) == len(kinds)
        params, size, tensor = values
        assert across * wide >= size
        assert down * high >= size
        self.checked(tensor, 12 * size * size)
        self.put(lambda: self.kernels.launch(name, (wide, high), params, size, tensor))
        return (0,)
