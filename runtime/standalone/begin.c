/* Behind the model, whose arithmetic nnrt_math.h loosened: from here on as the C compiler was told.
 * The model's tables have names that may be those of the runtime's variables, and a header may define
 * what only nncc needs of it. */
#if defined(__clang__)
#pragma clang fp reassociate(off)
#pragma clang diagnostic ignored "-Wshadow"
#pragma clang diagnostic ignored "-Wunused-function"
#elif defined(__GNUC__)
#pragma GCC reset_options
#pragma GCC diagnostic ignored "-Wshadow"
#endif
