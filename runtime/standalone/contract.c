/* Before own_loops.c and product.c, which come last: a product and a sum are one instruction there,
 * also where C99 by the letter leaves that to the compiler (as in CMakeLists.txt). */
#if defined(__clang__)
#pragma clang fp contract(fast)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=fast")
#endif
