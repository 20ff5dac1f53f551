// An ROI of a picture -> the network's input: what preprocess.py does on the CPU, in one pass.
//
// One thread a pixel of the crop. It reads four neighbouring blocks of the picture (a block is one
// pixel, or more where the crop is much smaller than the ROI), takes the mean of each, interpolates
// between them, and writes R, G and B into their planes, normalised. Outside of the picture is black.
// Means are not rounded to whole grey levels. Every operation is a plain FP32 one in the order of
// this source (compiled with --fmad=false), so that a CPU gives the same numbers.

struct CropParams {               // 112 bytes; runtime/gpu_crop.py writes the same
    const unsigned char *luma;    // B, G, R interleaved; or NV12's Y
    const unsigned char *chroma;  // NV12's U, V interleaved, one pair for 2 x 2 pixels
    int luma_pitch, chroma_pitch; // bytes from row to row
    int width, height;            // px
    int block;                    // px, side of a block
    int black;                    // NV12: Y of black, 16 or 0
    float blocks_from_crop[6];    // 2 x 3: crop's (column, row, 1) -> place among the blocks' centres
    float share;                  // of one pixel in its block, 1 / block^2
    float gain_y, red_v, green_u, green_v, blue_u; // NV12 -> RGB of 0..255
    float gain[3], shift[3];      // R, G, B: value * gain - shift
};

#ifdef __CUDACC__
__device__ __forceinline__ unsigned short half_of(float value) {
    unsigned short bits; // without cuda_fp16.h, which NVRTC does not bring along
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}
#endif

__device__ __forceinline__ void store(float *to, float value) { *to = value; }
__device__ __forceinline__ void store(unsigned short *to, float value) { *to = half_of(value); }

struct Bgr {
    static __device__ __forceinline__ void add(const CropParams &params, int x, int y, int sum[3]) {
        const unsigned char *p = params.luma + (long long)y * params.luma_pitch + 3 * x;
        sum[0] += p[2];
        sum[1] += p[1];
        sum[2] += p[0];
    }

    static __device__ __forceinline__ void to_rgb(const CropParams &, float[3]) {}
};

struct Nv12 { // converted after interpolating: both are linear
    static __device__ __forceinline__ void add(const CropParams &params, int x, int y, int sum[3]) {
        const unsigned char *uv = params.chroma + (long long)(y >> 1) * params.chroma_pitch + (x & ~1);
        sum[0] += params.luma[(long long)y * params.luma_pitch + x] - params.black;
        sum[1] += uv[0] - 128;
        sum[2] += uv[1] - 128;
    }

    static __device__ __forceinline__ void to_rgb(const CropParams &params, float c[3]) {
        const float y = c[0] * params.gain_y, u = c[1], v = c[2];
        c[0] = y + v * params.red_v;
        c[1] = (y + u * params.green_u) + v * params.green_v;
        c[2] = y + u * params.blue_u;
        for (int i = 0; i < 3; ++i) c[i] = fminf(fmaxf(c[i], 0.0f), 255.0f);
    }
};

// Mean of a block; the part outside of the picture counts as black.
template <class Format>
__device__ __forceinline__ void mean(const CropParams &params, int column, int row, float found[3]) {
    int sum[3] = {0, 0, 0};
    const int x0 = column * params.block, y0 = row * params.block;
    const int x1 = min(x0 + params.block, params.width), y1 = min(y0 + params.block, params.height);
#pragma unroll 1
    for (int y = max(y0, 0); y < y1; ++y)
#pragma unroll 1
        for (int x = max(x0, 0); x < x1; ++x) Format::add(params, x, y, sum);
    for (int i = 0; i < 3; ++i) found[i] = (float)sum[i] * params.share;
}

template <class Format, class Number>
__device__ __forceinline__ void crop(const CropParams &params, int size, Number *tensor) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (column >= size || row >= size) return;
    const float *m = params.blocks_from_crop;
    const float x = (m[0] * (float)column + m[1] * (float)row) + m[2];
    const float y = (m[3] * (float)column + m[4] * (float)row) + m[5];
    // far outside everything is black; this keeps block indices within an int
    const float left = fminf(fmaxf(floorf(x), -2.0f), (float)params.width);
    const float top = fminf(fmaxf(floorf(y), -2.0f), (float)params.height);
    const float right = x - floorf(x), down = y - floorf(y);
    float a[3], b[3], c[3], d[3];
    mean<Format>(params, (int)left, (int)top, a);
    mean<Format>(params, (int)left + 1, (int)top, b);
    mean<Format>(params, (int)left, (int)top + 1, c);
    mean<Format>(params, (int)left + 1, (int)top + 1, d);
    for (int i = 0; i < 3; ++i) {
        const float above = a[i] + right * (b[i] - a[i]), below = c[i] + right * (d[i] - c[i]);
        a[i] = above + down * (below - above);
    }
    Format::to_rgb(params, a);
    for (int i = 0; i < 3; ++i)
        store(tensor + (i * size + row) * size + column, a[i] * params.gain[i] - params.shift[i]);
}

// The parameters lie in memory, not among the arguments: a captured graph freezes those.
#define KERNEL(name, Format, Number)                                                              \
    extern "C" __global__ void __launch_bounds__(256)                                             \
        name(const CropParams *__restrict__ params, int size, Number *__restrict__ tensor) {      \
        crop<Format>(*params, size, tensor);                                                      \
    }

KERNEL(crop_bgr_fp32, Bgr, float)
KERNEL(crop_bgr_fp16, Bgr, unsigned short)
KERNEL(crop_nv12_fp32, Nv12, float)
KERNEL(crop_nv12_fp16, Nv12, unsigned short)
