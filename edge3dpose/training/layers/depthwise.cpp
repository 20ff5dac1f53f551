// Weight gradient of a stride-1, same-padded depthwise convolution on channels_last bfloat16 maps.
// x, gy (N, C, H, W) channels_last -> (C, 1, K, K) float32. Each thread sums its images apart.
#include <torch/extension.h>
#include <ATen/Parallel.h>
#include <mutex>
#include <vector>

namespace {

void widen(const at::BFloat16* from, float* to, int64_t count) {
  const uint16_t* bits = reinterpret_cast<const uint16_t*>(from);
  uint32_t* out = reinterpret_cast<uint32_t*>(to);
  for (int64_t i = 0; i < count; ++i) out[i] = uint32_t(bits[i]) << 16;
}

template <int K>
void one_row(const float* x, const float* gy, float* sums, int64_t W, int64_t C) {
  for (int64_t w = 0; w < W; ++w) {
    const float* g = gy + w * C;
    const float* p = x + w * C;  // the padded row starts K/2 cells earlier
    for (int64_t c = 0; c < C; ++c)
      for (int j = 0; j < K; ++j) sums[j * C + c] += p[j * C + c] * g[c];
  }
}

}  // namespace

torch::Tensor weight_grad(torch::Tensor x, torch::Tensor gy, int64_t kernel) {
  TORCH_CHECK(kernel == 5, "only 5x5");
  constexpr int K = 5, R = K / 2;
  const int64_t N = x.size(0), C = x.size(1), H = x.size(2), W = x.size(3);
  const auto* xp = x.data_ptr<at::BFloat16>();
  const auto* gp = gy.data_ptr<at::BFloat16>();
  auto total = torch::zeros({K * K, C}, torch::kFloat32);
  std::mutex lock;
  at::parallel_for(0, N, 1, [&](int64_t first, int64_t last) {
    std::vector<float> sums(K * K * C, 0.f), grad(H * W * C), padded(H * (W + 2 * R) * C, 0.f);
    for (int64_t n = first; n < last; ++n) {
      widen(gp + n * H * W * C, grad.data(), H * W * C);
      for (int64_t h = 0; h < H; ++h)
        widen(xp + (n * H + h) * W * C, padded.data() + (h * (W + 2 * R) + R) * C, W * C);
      for (int64_t h = 0; h < H; ++h)
        for (int i = 0; i < K; ++i) {
          const int64_t y = h + i - R;
          if (y < 0 || y >= H) continue;
          one_row<K>(padded.data() + y * (W + 2 * R) * C, grad.data() + h * W * C,
                     sums.data() + i * K * C, W, C);
        }
    }
    std::lock_guard<std::mutex> guard(lock);
    float* out = total.data_ptr<float>();
    for (int64_t k = 0; k < K * K * C; ++k) out[k] += sums[k];
  });
  return total.t().reshape({C, 1, K, K});
}

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("weight_grad", &weight_grad); }
