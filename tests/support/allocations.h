/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory a test program has allocated at once; for one source of a program only. */

#pragma once

#include <errno.h>
#include <malloc.h>

#include <glib.h>

/* The sanitizers have allocators of their own; then peaks are 0. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 0
#else
#define COUNTS_ALLOCATIONS 1
#endif

static gssize allocated;        /* bytes now, and the most since allocations_reset() */
static gssize allocated_peak;

static inline void
allocations_reset (void)
{
  __atomic_store_n (&allocated, 0, __ATOMIC_RELAXED);
  __atomic_store_n (&allocated_peak, 0, __ATOMIC_RELAXED);
}

static inline gsize
allocations_peak (void)
{
  return (gsize) MAX (__atomic_load_n (&allocated_peak, __ATOMIC_RELAXED), 0);
}

#if COUNTS_ALLOCATIONS
void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *memory, size_t size);
void *__libc_memalign (size_t alignment, size_t size);
void __libc_free (void *memory);
void *malloc (size_t size);
void *calloc (size_t n, size_t size);
void *realloc (void *memory, size_t size);
int posix_memalign (void **memory, size_t alignment, size_t size);
void free (void *memory);

static void
count (gssize bytes)
{
  gssize now = __atomic_add_fetch (&allocated, bytes, __ATOMIC_RELAXED);

  if (now > __atomic_load_n (&allocated_peak, __ATOMIC_RELAXED))
    __atomic_store_n (&allocated_peak, now, __ATOMIC_RELAXED);
}

void *
malloc (size_t size)
{
  void *memory = __libc_malloc (size);

  count ((gssize) malloc_usable_size (memory));
  return memory;
}

void *
calloc (size_t n, size_t size)
{
  void *memory = __libc_calloc (n, size);

  count ((gssize) malloc_usable_size (memory));
  return memory;
}

/* While it moves, a block is there twice. */
void *
realloc (void *memory, size_t size)
{
  gssize before = (gssize) malloc_usable_size (memory);
  void *moved = __libc_realloc (memory, size);

  if (moved == NULL && size != 0)
    return NULL;
  count ((gssize) malloc_usable_size (moved));
  count (-before);
  return moved;
}

int
posix_memalign (void **memory, size_t alignment, size_t size)
{
  *memory = __libc_memalign (alignment, size);
  if (*memory == NULL)
    return ENOMEM;
  count ((gssize) malloc_usable_size (*memory));
  return 0;
}

void
free (void *memory)
{
  count (-(gssize) malloc_usable_size (memory));
  __libc_free (memory);
}
#endif
