#include "linear_rows.h"
#include <string.h>

enum {
    share_bits = 12,
    row_length = 128,
    increment = 32,
    direct_count = 16,
    token_count = direct_count + 8 * 13,
    escape = token_count,
    raw_token_bits = 7,
    level_count = 64,
    is_part = 0,
    is_aside = 1,
};

// What damaged bytes bring about may pass 32 bits; it has to wrap around, as in Swift's reference.
static inline int32_t add(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }
static inline int32_t subtract(int32_t a, int32_t b) { return (int32_t)((uint32_t)a - (uint32_t)b); }
static inline int32_t multiply(int32_t a, int32_t b) { return (int32_t)((uint32_t)a * (uint32_t)b); }
static inline int32_t up(int32_t a, int32_t bits) { return (int32_t)((uint32_t)a << bits); }
static inline int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t most(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int32_t magnitude(int32_t a) { return most(a, subtract(0, a)); }

static inline int level_of(int32_t expected) {
    uint32_t raised = (uint32_t)expected + 16;
    int exponent = 27 - __builtin_clz(raised);
    return least(level_count - 1, exponent << 2 | (int)((raised >> (exponent + 2)) & 3));
}

/// A voxel before its value is known: the numbers that it may have, and which comes first.
typedef struct {
    int32_t *bias;
    int32_t low, high, whole;
    int32_t common;
    int32_t noise_bits;
    int is_reversed;
    int goes_above;
} expectation;

static inline __attribute__((always_inline)) int32_t *bias_of(
    const linear_model *model, const linear_row *row, const int16_t *value, int32_t west, int32_t west2, int32_t prediction,
    int level) {
    int32_t f = model->fraction_bits;
    int32_t north = value[-row->stride], before = row->is_first_slice ? north : value[-row->plane];
    int signs = (up(west, f) > prediction) | (up(north, f) > prediction) << 1 | (up(before, f) > prediction) << 2
        | (up(2 * west - west2, f) > prediction) << 3;
    return model->biases + ((level >> 1) << 4 | signs);
}

static inline __attribute__((always_inline)) expectation expect(
    const linear_model *model, int32_t *bias, int32_t prediction, int level, int32_t base) {
    int32_t f = model->fraction_bits;
    expectation result;
    result.bias = bias;
    result.low = model->reach == 65535 ? model->lowest : most(model->lowest, base - model->reach);
    result.high = model->reach == 65535 ? model->highest : least(model->highest, base + model->reach);
    int32_t corrected = add(prediction, add(*bias, 128) >> 8);
    corrected = most(up(result.low, f), least(up(result.high, f), corrected));
    result.whole = add(corrected, model->half) >> f;
    result.is_reversed = corrected < up(result.whole, f);
    int32_t below = subtract(result.whole, result.low), above = subtract(result.high, result.whole);
    result.common = least(below, above);
    result.goes_above = above > below;
    result.noise_bits = least(model->noise_bit_limit, most(0, (level >> 2) - f));
    return result;
}

static inline void learn(int32_t *bias, int32_t missed) {
    *bias = add(*bias, subtract(up(missed, 8), *bias) >> 6);
}

static inline void count_token(linear_model *model, int token, int level) {
    model->counts[level * row_length + token] += increment;
    model->changed |= (uint64_t)1 << level;
}

static inline int16_t stored_error(int32_t missed) { return (int16_t)least(32767, magnitude(missed)); }

static size_t aside_count(const uint8_t *known, size_t count) {
    size_t index = 0;
    for (; index + 8 <= count; index += 8) {
        uint64_t eight;
        memcpy(&eight, known + index, 8);
        if (eight != 0x0101010101010101u * is_aside) break;
    }
    while (index < count && known[index] == is_aside) index++;
    return index;
}

void linear_stand_in(int16_t *run, size_t count, ptrdiff_t stride, ptrdiff_t plane, int32_t is_first_slice) {
    int32_t west = run[-1];
    const int16_t *north = run - stride, *before = run - plane;
    if (is_first_slice) {
        for (size_t x = 0; x < count; x++) run[x] = (int16_t)(west = (west + north[x]) >> 1);
    } else {
        for (size_t x = 0; x < count; x++) run[x] = (int16_t)(west = (west + (north[x] + 2 * before[x])) >> 2);
    }
}

// Decoding

// Values and errors side by side: each waits for the one before it, and neither for the other.
static void stand_in_both(const linear_row *row, size_t at, size_t count) {
    int16_t *values = row->values + at, *errors = row->errors + at;
    const int16_t *value_north = values - row->stride, *value_before = values - row->plane;
    const int16_t *error_north = errors - row->stride, *error_before = errors - row->plane;
    int32_t value = values[-1], error = errors[-1];
    if (row->is_first_slice) {
        for (size_t x = 0; x < count; x++) {
            values[x] = (int16_t)(value = (value + value_north[x]) >> 1);
            errors[x] = (int16_t)(error = (error + error_north[x]) >> 1);
        }
    } else {
        for (size_t x = 0; x < count; x++) {
            values[x] = (int16_t)(value = (value + (value_north[x] + 2 * value_before[x])) >> 2);
            errors[x] = (int16_t)(error = (error + (error_north[x] + 2 * error_before[x])) >> 2);
        }
    }
}

// The next word, wanted or not: whether a state needs one is a toss, which no processor foresees.
static inline uint32_t next_word(const linear_reader *reader) {
    if (__builtin_expect(reader->next + 1 >= reader->end, 0)) return 0;
    return (uint32_t)reader->bytes[reader->next] << 8 | reader->bytes[reader->next + 1];
}

static __attribute__((noinline)) void refill_slowly(linear_reader *reader) {
    for (int byte = 0; byte < 4; byte++) {
        if (reader->raw_next < reader->raw_end)
            reader->pending |= (uint64_t)reader->bytes[reader->raw_next++] << reader->pending_count;
        reader->pending_count += 8;
    }
}

static inline uint32_t take_bits(linear_reader *reader, uint32_t count) {
    if (reader->pending_count < count) {
        if (reader->raw_next + 4 <= reader->raw_end) {
            const uint8_t *b = reader->bytes + reader->raw_next;
            uint32_t four = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
            reader->pending |= (uint64_t)four << reader->pending_count;
            reader->raw_next += 4;
            reader->pending_count += 32;
        } else {
            refill_slowly(reader);
        }
    }
    uint32_t bits = (uint32_t)(reader->pending & (((uint64_t)1 << count) - 1));
    reader->pending >>= count;
    reader->pending_count -= count;
    return bits;
}

static inline __attribute__((always_inline)) uint32_t decode_number(
    linear_model *model, linear_reader *reader, int level, int32_t noise_bits) {
    uint32_t state = reader->states[0];
    uint32_t place = state & ((1u << share_bits) - 1);
    int token = reader->symbols[(size_t)level << share_bits | place];
    uint32_t range = model->ranges[level * row_length + token];
    state = (range & 0xffff) * (state >> share_bits) + place - (range >> 16);
    uint32_t longer = state << 16 | next_word(reader);
    int is_short = state < 1u << 16;
    state = is_short ? longer : state;
    reader->next += is_short ? 2 : 0;
    // Two states take turns.
    reader->states[0] = reader->states[1];
    reader->states[1] = state;
    reader->count++;
    if (__builtin_expect(token == escape, 0)) token = least(token_count - 1, (int32_t)take_bits(reader, raw_token_bits));
    count_token(model, token, level);
    uint32_t raw_bits = (uint32_t)most(0, (token - direct_count + 8) >> 3);
    uint32_t number = raw_bits == 0 ? (uint32_t)token : (8u + ((uint32_t)token & 7)) << raw_bits;
    return number << noise_bits | take_bits(reader, raw_bits + (uint32_t)noise_bits);
}

static inline __attribute__((always_inline)) int32_t unfold(const expectation *expected, uint32_t coded) {
    int32_t number = (int32_t)coded;
    if (__builtin_expect(number > up(expected->common, 1), 0)) {
        int32_t beyond = subtract(number, expected->common);
        return expected->goes_above ? beyond : subtract(0, beyond);
    }
    int32_t size = add(number, 1) >> 1;
    return ((number & 1) != 0) == expected->is_reversed ? subtract(0, size) : size;
}

static inline __attribute__((always_inline)) void decode_row(
    linear_model *model, linear_reader *reader_, const linear_row *row, uint16_t *output) {
    // A copy on the stack, which nothing else can point to.
    linear_reader reader = *reader_;
    const linear_model fixed = *model;
    int32_t f = fixed.fraction_bits;
    const linear_tap *t = row->taps, *e = row->error_taps;
    int32_t w0 = t[0].weight, w1 = t[1].weight, w2 = t[2].weight, e0 = e[0].weight, e1 = e[1].weight;
    // The voxels and errors before this one.
    int32_t v1 = row->values[-1], v2 = row->values[-2], v3 = row->values[-3], d1 = row->errors[-1], d2 = row->errors[-2];
    for (size_t x = 0; x < row->columns;) {
        int16_t *value = row->values + x, *error = row->errors + x;
        if (row->known[x] == is_aside) {
            size_t run = aside_count(row->known + x, row->columns - x);
            stand_in_both(row, x, run);
            x += run;
            value += run;
            error += run;
            v1 = value[-1], v2 = value[-2], v3 = value[-3], d1 = error[-1], d2 = error[-2];
            continue;
        }
        int32_t sum = add(row->sums[x], add(multiply(w1, v2), multiply(w2, v3)));
        int32_t prediction = add(add(sum, fixed.rounding), multiply(w0, v1)) >> fixed.shift;
        int level = level_of(add(add(row->error_sums[x], multiply(e1, d2)), multiply(e0, d1)) >> 4);
        int32_t *bias = bias_of(&fixed, row, value, v1, v2, prediction, level);
        int32_t actual = (int16_t)((int32_t)row->base[x] - fixed.offset);
        if (row->known[x] == is_part) {
            expectation expected = expect(&fixed, bias, prediction, level, actual);
            uint32_t number = decode_number(model, &reader, level, expected.noise_bits);
            // Only a damaged chunk reaches beyond the range.
            actual = most(expected.low, least(expected.high, add(expected.whole, unfold(&expected, number))));
            output[x] = (uint16_t)add(actual, fixed.offset);
        }
        int32_t missed = subtract(up(actual, f), prediction);
        learn(bias, missed);
        v3 = v2, v2 = v1, d2 = d1;
        v1 = *value = (int16_t)actual;
        d1 = *error = stored_error(missed);
        x++;
    }
    *reader_ = reader;
}

static void sum_part(const linear_row *row) {
    size_t first = aside_count(row->known, row->columns), end = row->columns;
    while (end > first && row->known[end - 1] == is_aside) end--;
    if (first == end) return;
    linear_sums(row->sums + first, row->values + first, row->taps + 3, row->tap_count - 3, end - first);
    linear_sums(row->error_sums + first, row->errors + first, row->error_taps + 2, row->error_tap_count - 2, end - first);
}

// Encoding

void linear_predict_row(const linear_model *model, const linear_row *row, const linear_places *places) {
    if (places->count > 0) {
        size_t first = places->columns[0], end = (size_t)places->columns[places->count - 1] + 1;
        linear_sums(row->sums + first, row->values + first, row->taps, row->tap_count, end - first);
    }
    size_t x = 0;
    for (size_t index = 0; index < places->count; index++, x++) {
        size_t column = places->columns[index];
        if (x < column) {
            linear_stand_in(row->errors + x, column - x, row->stride, row->plane, row->is_first_slice);
            x = column;
        }
        int32_t prediction = add(row->sums[x], model->rounding) >> model->shift;
        places->predictions[index] = prediction;
        row->errors[x] = stored_error(subtract(up(row->values[x], model->fraction_bits), prediction));
    }
    linear_stand_in(row->errors + x, row->columns - x, row->stride, row->plane, row->is_first_slice);
}

static inline void put_bits(linear_writer *writer, uint32_t bits, uint32_t count) {
    writer->pending |= (uint64_t)bits << writer->pending_count;
    writer->pending_count += count;
    if (writer->pending_count < 32) return;
    for (int byte = 0; byte < 4; byte++) writer->raw[writer->raw_count + byte] = (uint8_t)(writer->pending >> (8 * byte));
    writer->raw_count += 4;
    writer->pending >>= 32;
    writer->pending_count -= 32;
}

static inline __attribute__((always_inline)) void encode_number(
    linear_model *model, linear_writer *writer, uint32_t number, int level, int32_t noise_bits) {
    uint32_t kept = number >> noise_bits, bits = (uint32_t)noise_bits;
    int token = (int)kept;
    if (kept >= direct_count) {
        int exponent = 31 - __builtin_clz(kept);
        token = direct_count + (exponent - 4) * 8 + (int)((kept >> (exponent - 3)) & 7);
        bits += (uint32_t)exponent - 3;
    }
    uint32_t range = model->ranges[level * row_length + token];
    if (__builtin_expect((range & 0xffff) == 0, 0)) {
        range = model->ranges[level * row_length + escape];
        put_bits(writer, (uint32_t)token, raw_token_bits);
    }
    writer->shares[writer->count++] = range;
    count_token(model, token, level);
    put_bits(writer, number & (uint32_t)(((uint64_t)1 << bits) - 1), bits);
}

static inline __attribute__((always_inline)) uint32_t fold(const expectation *expected, int32_t residual) {
    int32_t toward = expected->is_reversed ? subtract(0, residual) : residual;
    int32_t size = magnitude(toward);
    if (__builtin_expect(size > expected->common, 0)) return (uint32_t)add(size, expected->common);
    return (uint32_t)(toward > 0 ? 2 * toward - 1 : -2 * toward);
}

static inline __attribute__((always_inline)) void encode_row(
    linear_model *model, linear_writer *writer_, const linear_row *row, const linear_places *places, const uint16_t *exact) {
    linear_writer writer = *writer_;
    const linear_model fixed = *model;
    for (size_t index = 0; index < places->count; index++) {
        size_t x = places->columns[index];
        const int16_t *value = row->values + x;
        int32_t prediction = places->predictions[index];
        int level = level_of(row->error_sums[x] >> 4);
        int32_t *bias = bias_of(&fixed, row, value, value[-1], value[-2], prediction, level);
        if (row->known[x] == is_part) {
            int32_t base = (int16_t)((int32_t)row->base[x] - fixed.offset);
            expectation expected = expect(&fixed, bias, prediction, level, base);
            int32_t actual = (int16_t)((int32_t)exact[x] - fixed.offset);
            encode_number(model, &writer, fold(&expected, subtract(actual, expected.whole)), level, expected.noise_bits);
        }
        learn(bias, subtract(up(*value, fixed.fraction_bits), prediction));
    }
    *writer_ = writer;
}

static void sum_errors(const linear_row *row, const linear_places *places) {
    size_t first = places->columns[0], end = (size_t)places->columns[places->count - 1] + 1;
    linear_sums(row->error_sums + first, row->errors + first, row->error_taps, row->error_tap_count, end - first);
}

// The same source for every processor of a kind, and again with the shifts of newer ones.
#if defined(__x86_64__)
#define NEWER __attribute__((target("avx2,bmi,bmi2")))

static int has_newer(void) {
    return linear_newer_is_allowed() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")
        && __builtin_cpu_supports("bmi2");
}

NEWER static void decode_row_newer(linear_model *model, linear_reader *reader, const linear_row *row, uint16_t *output) {
    decode_row(model, reader, row, output);
}

NEWER static void encode_row_newer(
    linear_model *model, linear_writer *writer, const linear_row *row, const linear_places *places, const uint16_t *exact) {
    encode_row(model, writer, row, places, exact);
}
#endif

void linear_decode_row(linear_model *model, linear_reader *reader, const linear_row *row, uint16_t *output) {
    sum_part(row);
#if defined(__x86_64__)
    if (has_newer()) return decode_row_newer(model, reader, row, output);
#endif
    decode_row(model, reader, row, output);
}

void linear_encode_row(
    linear_model *model, linear_writer *writer, const linear_row *row, const linear_places *places, const uint16_t *exact) {
    if (places->count == 0) return;
    sum_errors(row, places);
#if defined(__x86_64__)
    if (has_newer()) return encode_row_newer(model, writer, row, places, exact);
#endif
    encode_row(model, writer, row, places, exact);
}
