#include "linear_rows.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

static _Atomic int32_t newer_is_allowed = 1;

void linear_allow_newer(int32_t allowed) { newer_is_allowed = allowed; }
int32_t linear_newer_is_allowed(void) { return newer_is_allowed; }

// Sums wrap around: damaged weights must not be undefined.
static void plain_sums(
    int32_t *sums, const int16_t *values, const linear_tap *taps, size_t tap_count, size_t from, size_t count) {
    for (size_t x = from; x < count; x++) {
        uint32_t sum = 0;
        for (size_t tap = 0; tap < tap_count; tap++)
            sum += (uint32_t)((int32_t)values[(ptrdiff_t)x + taps[tap].offset] * taps[tap].weight);
        sums[x] = (int32_t)sum;
    }
}

#if defined(__x86_64__)
// Two taps at a time: their values side by side, times their weights, added, in one instruction. An odd tap is paired with itself at weight 0.
__attribute__((target("avx2"))) static size_t wide_sums(
    int32_t *sums, const int16_t *values, const linear_tap *taps, size_t tap_count, size_t count) {
    size_t x = 0;
    for (; x + 16 <= count; x += 16) {
        __m256i low = _mm256_setzero_si256(), high = low;
        for (size_t tap = 0; tap < tap_count; tap += 2) {
            int is_pair = tap + 1 < tap_count;
            const linear_tap *one = taps + tap, *two = one + is_pair;
            __m256i a = _mm256_loadu_si256((const __m256i *)(values + x + one->offset));
            __m256i b = _mm256_loadu_si256((const __m256i *)(values + x + two->offset));
            uint32_t weights = (uint16_t)one->weight | (uint32_t)(is_pair ? (uint16_t)two->weight : 0) << 16;
            __m256i weight = _mm256_set1_epi32((int32_t)weights);
            low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), weight));
            high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), weight));
        }
        _mm256_storeu_si256((__m256i *)(sums + x), _mm256_permute2x128_si256(low, high, 0x20));
        _mm256_storeu_si256((__m256i *)(sums + x + 8), _mm256_permute2x128_si256(low, high, 0x31));
    }
    return x;
}

static size_t narrow_sums(
    int32_t *sums, const int16_t *values, const linear_tap *taps, size_t tap_count, size_t from, size_t count) {
    size_t x = from;
    for (; x + 8 <= count; x += 8) {
        __m128i low = _mm_setzero_si128(), high = low;
        for (size_t tap = 0; tap < tap_count; tap += 2) {
            int is_pair = tap + 1 < tap_count;
            const linear_tap *one = taps + tap, *two = one + is_pair;
            __m128i a = _mm_loadu_si128((const __m128i *)(values + x + one->offset));
            __m128i b = _mm_loadu_si128((const __m128i *)(values + x + two->offset));
            uint32_t weights = (uint16_t)one->weight | (uint32_t)(is_pair ? (uint16_t)two->weight : 0) << 16;
            __m128i weight = _mm_set1_epi32((int32_t)weights);
            low = _mm_add_epi32(low, _mm_madd_epi16(_mm_unpacklo_epi16(a, b), weight));
            high = _mm_add_epi32(high, _mm_madd_epi16(_mm_unpackhi_epi16(a, b), weight));
        }
        _mm_storeu_si128((__m128i *)(sums + x), low);
        _mm_storeu_si128((__m128i *)(sums + x + 4), high);
    }
    return x;
}
#endif

void linear_sums(int32_t *sums, const int16_t *values, const linear_tap *taps, size_t tap_count, size_t count) {
    size_t done = 0;
#if defined(__x86_64__)
    if (linear_newer_is_allowed() && __builtin_cpu_supports("avx2")) done = wide_sums(sums, values, taps, tap_count, count);
    done = narrow_sums(sums, values, taps, tap_count, done, count);
#endif
    plain_sums(sums, values, taps, tap_count, done, count);
}
