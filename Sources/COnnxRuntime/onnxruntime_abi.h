// The part of ONNX Runtime's C interface that Fovea calls. The library is opened at run time; its wheel carries no headers.
//
// ONNX Runtime hands out a table of function pointers that only ever grows: the first 102 have stood where they stand since
// version 1 of the table (checked by ONNX Runtime's own static assertions), so places, not names, bind the two together.
// Source: the C API of ONNX Runtime, https://onnxruntime.ai/docs/api/c/struct_ort_api.html
#ifndef FOVEA_ONNXRUNTIME_ABI_H
#define FOVEA_ONNXRUNTIME_ABI_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct OrtEnv OrtEnv;
typedef struct OrtStatus OrtStatus;
typedef struct OrtSession OrtSession;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtValue OrtValue;
typedef struct OrtTypeInfo OrtTypeInfo;
typedef struct OrtTensorTypeAndShapeInfo OrtTensorTypeAndShapeInfo;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtAllocator OrtAllocator;

// The table's version that is asked for: any ONNX Runtime from 1.16 on has it.
enum { FOVEA_ORT_API_VERSION = 16 };
// Only what is fatal is logged: everything else comes back as a status.
enum { FOVEA_ORT_LOGGING_FATAL = 4 };
enum { FOVEA_ORT_ENABLE_ALL = 99 };
enum { FOVEA_ORT_FLOAT = 1 };
enum { FOVEA_ORT_DEVICE_ALLOCATOR = 0, FOVEA_ORT_DEFAULT_MEMORY = 0 };

// Functions that can fail return a status, which is the caller's to release; none means success.
#define FOVEA_ORT_CALL(name) OrtStatus *_Nullable (*name)

typedef struct FoveaOrtApi {
    void *_Nullable unused0[2];
    const char *_Nonnull (*GetErrorMessage)(const OrtStatus *status); // 2
    FOVEA_ORT_CALL(CreateEnv)(int level, const char *name, OrtEnv *_Nullable *_Nonnull out); // 3
    void *_Nullable unused4[4];
    FOVEA_ORT_CALL(CreateSessionFromArray)
    (const OrtEnv *env, const void *data, size_t length, const OrtSessionOptions *options, OrtSession *_Nullable *_Nonnull out); // 8
    FOVEA_ORT_CALL(Run)
    (OrtSession *session, const OrtRunOptions *_Nullable options, const char *const _Nonnull *_Nonnull inputNames,
     const OrtValue *const _Nonnull *_Nonnull inputs, size_t inputCount, const char *const _Nonnull *_Nonnull outputNames,
     size_t outputCount, OrtValue *_Nullable *_Nonnull outputs); // 9
    FOVEA_ORT_CALL(CreateSessionOptions)(OrtSessionOptions *_Nullable *_Nonnull out); // 10
    void *_Nullable unused11[12];
    FOVEA_ORT_CALL(SetSessionGraphOptimizationLevel)(OrtSessionOptions *options, int level); // 23
    FOVEA_ORT_CALL(SetIntraOpNumThreads)(OrtSessionOptions *options, int count); // 24
    void *_Nullable unused25[5];
    FOVEA_ORT_CALL(SessionGetInputCount)(const OrtSession *session, size_t *out); // 30
    FOVEA_ORT_CALL(SessionGetOutputCount)(const OrtSession *session, size_t *out); // 31
    void *_Nullable unused32;
    FOVEA_ORT_CALL(SessionGetInputTypeInfo)(const OrtSession *session, size_t index, OrtTypeInfo *_Nullable *_Nonnull out); // 33
    FOVEA_ORT_CALL(SessionGetOutputTypeInfo)(const OrtSession *session, size_t index, OrtTypeInfo *_Nullable *_Nonnull out); // 34
    void *_Nullable unused35;
    FOVEA_ORT_CALL(SessionGetInputName)
    (const OrtSession *session, size_t index, OrtAllocator *allocator, char *_Nullable *_Nonnull out); // 36
    FOVEA_ORT_CALL(SessionGetOutputName)
    (const OrtSession *session, size_t index, OrtAllocator *allocator, char *_Nullable *_Nonnull out); // 37
    void *_Nullable unused38[11];
    FOVEA_ORT_CALL(CreateTensorWithDataAsOrtValue)
    (const OrtMemoryInfo *info, void *data, size_t byteCount, const int64_t *shape, size_t rank, int elementType,
     OrtValue *_Nullable *_Nonnull out); // 49
    void *_Nullable unused50;
    FOVEA_ORT_CALL(GetTensorMutableData)(OrtValue *value, void *_Nullable *_Nonnull out); // 51
    void *_Nullable unused52[3];
    FOVEA_ORT_CALL(CastTypeInfoToTensorInfo)
    (const OrtTypeInfo *info, const OrtTensorTypeAndShapeInfo *_Nullable *_Nonnull out); // 55
    void *_Nullable unused56[4];
    FOVEA_ORT_CALL(GetTensorElementType)(const OrtTensorTypeAndShapeInfo *info, int *out); // 60
    FOVEA_ORT_CALL(GetDimensionsCount)(const OrtTensorTypeAndShapeInfo *info, size_t *out); // 61
    FOVEA_ORT_CALL(GetDimensions)(const OrtTensorTypeAndShapeInfo *info, int64_t *sizes, size_t count); // 62
    void *_Nullable unused63[2];
    FOVEA_ORT_CALL(GetTensorTypeAndShape)(const OrtValue *value, OrtTensorTypeAndShapeInfo *_Nullable *_Nonnull out); // 65
    void *_Nullable unused66[3];
    FOVEA_ORT_CALL(CreateCpuMemoryInfo)(int allocatorType, int memoryType, OrtMemoryInfo *_Nullable *_Nonnull out); // 69
    void *_Nullable unused70[6];
    FOVEA_ORT_CALL(AllocatorFree)(OrtAllocator *allocator, void *memory); // 76
    void *_Nullable unused77;
    FOVEA_ORT_CALL(GetAllocatorWithDefaultOptions)(OrtAllocator *_Nullable *_Nonnull out); // 78
    void *_Nullable unused79[13];
    void (*ReleaseEnv)(OrtEnv *env); // 92
    void (*ReleaseStatus)(OrtStatus *status); // 93
    void (*ReleaseMemoryInfo)(OrtMemoryInfo *info); // 94
    void (*ReleaseSession)(OrtSession *session); // 95
    void (*ReleaseValue)(OrtValue *value); // 96
    void *_Nullable unused97;
    void (*ReleaseTypeInfo)(OrtTypeInfo *info); // 98
    void (*ReleaseTensorTypeAndShapeInfo)(OrtTensorTypeAndShapeInfo *info); // 99
    void (*ReleaseSessionOptions)(OrtSessionOptions *options); // 100
} FoveaOrtApi;

#undef FOVEA_ORT_CALL

_Static_assert(offsetof(FoveaOrtApi, CreateSessionFromArray) == 8 * sizeof(void *), "place in the table");
_Static_assert(offsetof(FoveaOrtApi, SetIntraOpNumThreads) == 24 * sizeof(void *), "place in the table");
_Static_assert(offsetof(FoveaOrtApi, SessionGetOutputName) == 37 * sizeof(void *), "place in the table");
_Static_assert(offsetof(FoveaOrtApi, GetTensorMutableData) == 51 * sizeof(void *), "place in the table");
_Static_assert(offsetof(FoveaOrtApi, GetTensorTypeAndShape) == 65 * sizeof(void *), "place in the table");
_Static_assert(offsetof(FoveaOrtApi, GetAllocatorWithDefaultOptions) == 78 * sizeof(void *), "place in the table");
_Static_assert(offsetof(FoveaOrtApi, ReleaseSessionOptions) == 100 * sizeof(void *), "place in the table");

typedef struct FoveaOrtApiBase {
    // Null where the library does not have this version of the table.
    const FoveaOrtApi *_Nullable (*GetApi)(uint32_t version);
    const char *_Nonnull (*GetVersionString)(void);
} FoveaOrtApiBase;

// What the library exports as OrtGetApiBase.
typedef const FoveaOrtApiBase *_Nullable (*FoveaOrtGetApiBase)(void);

#pragma clang assume_nonnull end

#endif
