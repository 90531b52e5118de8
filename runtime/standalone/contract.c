/* Before own_loops.c and product.c, which come last: a product and a sum are one instruction there,
 * also where C99 by the letter leaves that to the compiler, and loops begin with a cache line (as in
 * CMakeLists.txt). */
#if defined(__clang__)
#pragma clang fp contract(fast)
#elif defined(__GNUC__) && defined(__x86_64__)
#pragma GCC optimize("fp-contract=fast", "align-loops=64")
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=fast")
#endif
