/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A frame that must not be read beyond its end. */

#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <gst/gst.h>

/* A frame after which nothing can be read: the page behind it is nobody's. */
typedef struct
{
  guint8 *memory;
  gsize size, page;
  GstBuffer *buffer;
} LastFrame;

static inline void
last_frame_init (LastFrame * self, gsize size)
{
  self->page = sysconf (_SC_PAGESIZE);
  self->size = (size + self->page - 1) / self->page * self->page + self->page;
  self->memory = mmap (NULL, self->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (self->memory != MAP_FAILED);
  g_assert_cmpint (mprotect (self->memory + self->size - self->page, self->page, PROT_NONE), ==, 0);
  self->buffer = gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY, self->memory + self->size - self->page - size, size, 0, size, NULL, NULL);
}

static inline void
last_frame_clear (LastFrame * self)
{
  gst_clear_buffer (&self->buffer);
  munmap (self->memory, self->size);
}
