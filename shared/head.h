/* head: what the compiler must know of a block's head, to say what a model needs in all. */
#ifndef NNRT_HEAD_H
#define NNRT_HEAD_H

enum { NNRT_HEAD_BYTES = 128 }; /* sizeof(nnrt_head), rounded up to the alignment of tensors */

#endif
