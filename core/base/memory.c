/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Aligned memory that may be refused, and how much of it the machine has. */

#define _DEFAULT_SOURCE         /* madvise */

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"

#define CACHE_LINE 64
#define HUGE_PAGE (2 << 20)     /* bytes, on x86-64 */

gpointer
l4_alloc_raw (gsize bytes, const char *what, GError **error)
{
  gpointer memory = NULL;
  gsize alignment = bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : CACHE_LINE, rounded;

  if (!g_size_checked_add (&rounded, bytes, CACHE_LINE) || rounded > G_MAXSSIZE
      || posix_memalign (&memory, alignment, rounded) != 0) {
    l4_fail (error, L4_ERROR_MEMORY, _("%s: cannot allocate %zu bytes"), what, bytes);
    return NULL;
  }
  if (alignment == HUGE_PAGE)
    madvise (memory, rounded, MADV_HUGEPAGE);   /* a wish */
  return memory;
}

gpointer
l4_alloc (gsize bytes, const char *what, GError **error)
{
  gpointer memory = l4_alloc_raw (bytes, what, error);

  return memory != NULL ? memset (memory, 0, bytes + CACHE_LINE) : NULL;
}

void
l4_free (gpointer memory)
{
  free (memory);
}

gboolean
l4_checked_product (const gint64 *dims, guint n_dims, gsize size, gsize *product)
{
  *product = size;
  for (guint i = 0; i < n_dims; i++)
    if (dims[i] < 0 || !g_size_checked_mul (product, *product, (gsize) dims[i]))
      return FALSE;
  return TRUE;
}

static gboolean
read_number (const char *path, const char *key, guint64 *number)
{
  g_autofree char *text = NULL;
  const char *at;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  at = key != NULL ? strstr (text, key) : text;
  if (at == NULL)
    return FALSE;
  at += key != NULL ? strlen (key) : 0;
  while (g_ascii_isspace (*at))
    at++;
  if (!g_ascii_isdigit (*at))
    return FALSE;
  *number = g_ascii_strtoull (at, NULL, 10);
  return TRUE;
}

guint64
l4_memory_available (void)
{
  guint64 available = 0, limit, used;

  if (read_number ("/proc/meminfo", "MemAvailable:", &available))
    available *= 1024;
  else
    available = G_MAXUINT64;
  if (read_number ("/sys/fs/cgroup/memory.max", NULL, &limit) && read_number ("/sys/fs/cgroup/memory.current", NULL, &used))
    available = MIN (available, limit > used ? limit - used : 0);
  return available;
}
