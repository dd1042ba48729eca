/// Inner loops of the linear coder: a row of voxels at a time, by the processor's widest instructions. The plain reference is ExactCodec's Swift
/// (LinearModel, CorrectedResiduals, TokenCoder); tests hold the two to the same bytes.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// A neighbour and what it counts for in a sum.
typedef struct {
    /// From the voxel to the neighbour.
    ptrdiff_t offset;
    int16_t weight;
} linear_tap;

/// Constants of a chunk, and what both directions learn.
typedef struct {
    int32_t fraction_bits;
    int32_t shift;
    int32_t rounding;
    int32_t half;
    int32_t lowest;
    int32_t highest;
    int32_t offset;
    int32_t reach;
    int32_t noise_bit_limit;
    /// Corrections by level and signs, in 256ths of a fraction.
    int32_t *biases;
    /// Counts of tokens, rows of 128.
    uint32_t *counts;
    /// Share in the low half, start in the high half, rows of 128.
    const uint32_t *ranges;
    /// A bit for each level that was counted.
    uint64_t changed;
} linear_model;

/// A row and where it lies.
typedef struct {
    size_t columns;
    /// Voxels from a row to the next, and from a slice to the next.
    ptrdiff_t stride, plane;
    int32_t is_first_slice;
    const uint8_t *known;
    const uint16_t *base;
    int16_t *values;
    int16_t *errors;
    const linear_tap *taps;
    size_t tap_count;
    const linear_tap *error_taps;
    size_t error_tap_count;
    /// Room for a sum a column.
    int32_t *sums, *error_sums;
} linear_row;

/// A decoder's place in a run.
typedef struct {
    const uint8_t *bytes;
    /// Words of the numerals that are left.
    size_t next, end;
    /// Raw bytes that are left, and bits that were taken of them.
    size_t raw_next, raw_end;
    uint64_t pending;
    uint32_t pending_count;
    uint32_t states[2];
    /// The symbol at each of 4096 places of a level's shares.
    const uint8_t *symbols;
    /// Numbers decoded.
    size_t count;
} linear_reader;

/// An encoder's place in a run.
typedef struct {
    /// Shares of the run's tokens.
    uint32_t *shares;
    size_t count;
    /// Raw bits: whole bytes written, and bits that fill none yet. There must be room for four bytes and a half a voxel.
    uint8_t *raw;
    size_t raw_count;
    uint64_t pending;
    uint32_t pending_count;
} linear_writer;

/// Voxels of a row that are coded or neighbours: their columns and predictions.
typedef struct {
    const uint32_t *columns;
    int32_t *predictions;
    size_t count;
} linear_places;

/// Whether instructions beyond the processor family's first may be used, where the processor has them; 1 unless a test says otherwise.
void linear_allow_newer(int32_t allowed);
int32_t linear_newer_is_allowed(void);

/// Weighted sums over neighbours; wraps around where they pass 32 bits.
void linear_sums(int32_t *sums, const int16_t *values, const linear_tap *taps, size_t tap_count, size_t count);
/// Decodes a row. Damaged bytes give some values, within what the model says.
void linear_decode_row(linear_model *model, linear_reader *reader, const linear_row *row, uint16_t *output);
/// Predicts a row's voxels, and sets its errors.
void linear_predict_row(const linear_model *model, const linear_row *row, const linear_places *places);
/// Codes a row that was predicted.
void linear_encode_row(
    linear_model *model, linear_writer *writer, const linear_row *row, const linear_places *places, const uint16_t *exact);
/// Fills a run of voxels that take no part with what is about around them.
void linear_stand_in(int16_t *run, size_t count, ptrdiff_t stride, ptrdiff_t plane, int32_t is_first_slice);
