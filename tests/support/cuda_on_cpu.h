// Enough of CUDA for a C++ compiler to make the kernels of a .cu file, and a loop to run them in.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>

#define __device__
#define __global__
#define __forceinline__ inline
#define __launch_bounds__(threads)

using std::max;
using std::min;

struct Place {
    unsigned x, y;
};
static Place threadIdx, blockIdx, blockDim;

static inline unsigned short half_of(float value) {
    const _Float16 half = (_Float16)value;
    unsigned short bits;
    std::memcpy(&bits, &half, sizeof bits);
    return bits;
}

// Every thread of a grid, one after the other; arguments as crop.cu's kernels take them.
extern "C" void launch(void (*kernel)(const void *, int, void *), unsigned blocks_x,
                       unsigned blocks_y, unsigned threads_x, unsigned threads_y, const void *look,
                       int size, void *tensor) {
    blockDim = {threads_x, threads_y};
    for (blockIdx.y = 0; blockIdx.y < blocks_y; ++blockIdx.y)
        for (blockIdx.x = 0; blockIdx.x < blocks_x; ++blockIdx.x)
            for (threadIdx.y = 0; threadIdx.y < threads_y; ++threadIdx.y)
                for (threadIdx.x = 0; threadIdx.x < threads_x; ++threadIdx.x)
                    kernel(look, size, tensor);
}
