/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Aligned memory that may be refused, and how much of it the machine has. */

#define _DEFAULT_SOURCE         /* madvise */

#include "base/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/group.h"

#define CACHE_LINE 64
#define MUCH (1 << 20)          /* bytes; of less it is not worth a call of the system that it has them back */

gpointer
l4_alloc_raw (gsize bytes, const char *what, GError **error)
{
  gpointer memory = NULL;
  gsize alignment = bytes >= L4_HUGE_PAGE ? L4_HUGE_PAGE : CACHE_LINE, rounded;

  if (!g_size_checked_add (&rounded, bytes, CACHE_LINE) || rounded > G_MAXSSIZE
      || posix_memalign (&memory, alignment, rounded) != 0) {
    l4_fail (error, L4_ERROR_MEMORY, _("%s: cannot allocate %zu bytes"), what, bytes);
    return NULL;
  }
  if (alignment == L4_HUGE_PAGE)
    madvise (memory, rounded, MADV_HUGEPAGE);   /* a wish */
  return memory;
}

gpointer
l4_alloc (gsize bytes, const char *what, GError **error)
{
  gpointer memory = l4_alloc_raw (bytes, what, error);

  return memory != NULL ? memset (memory, 0, bytes + CACHE_LINE) : NULL;
}

/* The C library keeps what is freed, of blocks of up to 32 MiB, for who asks next: a cache or a slot that was given up would leave the system
 * no more room for the next. The pages that lie in the block as a whole go back before. */
static void
give_back (gpointer memory)
{
  guintptr page = (guintptr) sysconf (_SC_PAGESIZE), at = (guintptr) memory;
  guintptr first = (at + page - 1) / page * page, end = (at + malloc_usable_size (memory)) / page * page;

  if (end > first && end - first > MUCH)
    madvise ((gpointer) first, end - first, MADV_DONTNEED);
}

void
l4_free (gpointer memory)
{
  if (memory != NULL)
    give_back (memory);
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

/* What two versions of memory control groups call the same things. */
static const struct
{
  const char *limits[2];        /* beyond the first nothing is given, beyond the second a group is slowed down until it hardly goes on */
  const char *used, *stat;
  const char *files[2];         /* lines of stat */
} versions[] = {
  {{"memory.max", "memory.high"}, "memory.current", "memory.stat", {"\ninactive_file", "\nactive_file"}},
  {{"memory.limit_in_bytes", NULL}, "memory.usage_in_bytes", "memory.stat", {"\ntotal_inactive_file", "\ntotal_active_file"}},
};

/* The number after key, or at the start of the file; 0 where there is none. */
static gboolean
read_number (const char *folder, const char *file, const char *key, guint64 *number)
{
  g_autofree char *path = g_build_filename (folder, file, NULL), *text = NULL;
  const char *at;

  *number = 0;
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

/* The lowest of them; FALSE: there is none. */
static gboolean
read_limit (const char *folder, const char *const limits[2], guint64 *limit)
{
  gboolean any = FALSE;
  guint64 number;

  *limit = G_MAXUINT64;
  for (guint i = 0; i < 2 && limits[i] != NULL; i++)
    if (read_number (folder, limits[i], NULL, &number)) {
      *limit = MIN (*limit, number);
      any = TRUE;
    }
  return any;
}

guint64
l4_memory_of_group (const char *folder)
{
  guint64 available = G_MAXUINT64, limit, used, inactive, active;

  for (guint i = 0; i < G_N_ELEMENTS (versions); i++) {
    if (!read_limit (folder, versions[i].limits, &limit) || !read_number (folder, versions[i].used, NULL, &used))
      continue;
    read_number (folder, versions[i].stat, versions[i].files[0], &inactive);
    read_number (folder, versions[i].stat, versions[i].files[1], &active);
    used -= MIN (used, inactive + active);
    available = MIN (available, limit > used ? limit - used : 0);
  }
  return available;
}

guint64
l4_memory_available (void)
{
  g_auto (GStrv) folders = l4_group_folders ("memory");
  guint64 available = G_MAXUINT64, free_now;

  for (guint i = 0; folders[i] != NULL; i++)
    available = MIN (available, l4_memory_of_group (folders[i]));
  return read_number ("/proc", "meminfo", "MemAvailable:", &free_now) ? MIN (free_now * 1024, available) : available;
}
