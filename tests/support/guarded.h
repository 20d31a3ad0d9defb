/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory at the end of a page, with a page behind it that nobody may touch. */

#pragma once

#include <glib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct
{
  guint8 *pages, *data;
  gsize mapped;
} Guarded;

static inline void
guarded_init (Guarded *self, gsize bytes)
{
  gsize page = sysconf (_SC_PAGESIZE);

  self->mapped = (bytes + page - 1) / page * page;
  self->pages = mmap (NULL, self->mapped + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (self->pages != MAP_FAILED);
  g_assert_cmpint (mprotect (self->pages + self->mapped, page, PROT_NONE), ==, 0);
  self->data = self->pages + self->mapped - bytes;
}

static inline void
guarded_clear (Guarded *self)
{
  munmap (self->pages, self->mapped + sysconf (_SC_PAGESIZE));
}
