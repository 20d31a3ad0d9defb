/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory there is: what control groups have room for, and what goes back to the system. */

#define _GNU_SOURCE             /* madvise, syscall */

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/group.h"
#include "base/memory.h"
#include "support/folder.h"

/* Bytes that have gone back. */
static gsize given_back;

/* In the place of the C library's. */
int
madvise (void *memory, size_t bytes, int advice)
{
  given_back += advice == MADV_DONTNEED ? bytes : 0;
  return (int) syscall (SYS_madvise, memory, bytes, advice);
}

static guint64
room (const char *limit, const char *used, const char *stat)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *a = folder_write (folder, "memory.max", limit, -1), *b = folder_write (folder, "memory.current", used, -1);
  g_autofree char *c = stat != NULL ? folder_write (folder, "memory.stat", stat, -1) : NULL;

  return l4_memory_of_group (folder);
}

static void
test_files_kept_in_memory_are_room (void)
{
  g_assert_cmpuint (room ("1000\n", "900\n", "anon 100\nfile 790\ninactive_anon 9\nactive_anon 7\ninactive_file 300\nactive_file "
          "400\nslab 10\n"), ==, 800);
  g_assert_cmpuint (room ("1000\n", "900\n", "anon 100\ninactive_file 5\n"), ==, 105);
  g_assert_cmpuint (room ("1000\n", "900\n", NULL), ==, 100);
}

static void
test_a_group_over_its_limit_has_no_room (void)
{
  g_assert_cmpuint (room ("1000\n", "1100\n", "anon 1100\ninactive_file 50\n"), ==, 0);
  g_assert_cmpuint (room ("1000\n", "10\n", "anon 0\ninactive_file 50\n"), ==, 1000);
}

static void
test_a_group_without_a_limit_says_so (void)
{
  g_autoptr (Folder) empty = folder_new ();

  g_assert_cmpuint (room ("max\n", "900\n", "anon 900\n"), ==, G_MAXUINT64);
  g_assert_cmpuint (l4_memory_of_group (empty), ==, G_MAXUINT64);
}

/* A group that is slowed down has a limit, too. */
static void
test_the_lower_of_two_limits_counts (void)
{
  static const struct
  {
    const char *most, *high;
    guint64 room;
  } cases[] = {
    {"1000\n", "950\n", 50}, {"max\n", "950\n", 50}, {"1000\n", "max\n", 100}, {"950\n", "1000\n", 50}, {"1000\n", "800\n", 0},
    {"max\n", "max\n", G_MAXUINT64},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Folder) folder = folder_new ();
    g_autofree char *most = folder_write (folder, "memory.max", cases[i].most, -1);
    g_autofree char *high = folder_write (folder, "memory.high", cases[i].high, -1);
    g_autofree char *used = folder_write (folder, "memory.current", "900\n", -1);

    g_assert_cmpuint (l4_memory_of_group (folder), ==, cases[i].room);
  }
}

static void
test_groups_of_the_first_version_are_read_too (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *limit = folder_write (folder, "memory.limit_in_bytes", "1000\n", -1);
  g_autofree char *used = folder_write (folder, "memory.usage_in_bytes", "900\n", -1);
  g_autofree char *stat = folder_write (folder, "memory.stat", "cache 1\ninactive_file 1\nactive_file 1\ntotal_cache 700\n"
      "total_inactive_file 300\ntotal_active_file 400\n", -1);

  g_assert_cmpuint (l4_memory_of_group (folder), ==, 800);
}

static void
test_every_group_that_a_process_is_in_is_looked_at (void)
{
  static const struct
  {
    const char *own, *folders;
  } cases[] = {
    {"", "/top /top/memory"},
    {"0::/\n", "/top /top/memory"},
    {"0::/user.slice/a:b\n", "/top/user.slice/a:b /top/user.slice /top /top/memory"},
    {"4:cpu,memory:/a/b\n3:cpuset:/c\n0::/\n", "/top/memory/a/b /top/memory/a /top /top/memory"},
    {"no group\n1:memory\n:::\n", "/top /top/memory"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (GStrv) folders = l4_group_folders_of ("/top", "memory", cases[i].own);
    g_autofree char *all = g_strjoinv (" ", folders);

    g_assert_cmpstr (all, ==, cases[i].folders);
  }
}

/* What the C library would keep for later as well as what it would not. */
static void
test_large_blocks_go_back_to_the_system (void)
{
  static const gsize sizes[] = { 3 << 20, 20 << 20, 100 << 20 };
  const gsize edges = 2 * (gsize) sysconf (_SC_PAGESIZE);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    guint8 *memory = l4_alloc (sizes[i], "test", NULL);

    given_back = 0;
    l4_free (memory);
    g_assert_cmpuint (given_back, >=, sizes[i] - edges);
  }
}

static void
test_small_blocks_and_none_do_not (void)
{
  static const gsize sizes[] = { 0, 1000, 512 << 10, 1 << 20 };

  given_back = 0;
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    l4_free (l4_alloc (sizes[i], "test", NULL));
  l4_free (NULL);
  g_assert_cmpuint (given_back, ==, 0);
}

/* Blocks that probably lie side by side, and share pages. */
static void
test_what_lies_beside_a_block_stays (void)
{
  const gsize bytes = (3 << 20) + 1234;
  guint8 *blocks[8];

  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++) {
    blocks[i] = l4_alloc_raw (bytes, "test", NULL);
    memset (blocks[i], (int) i + 1, bytes);
  }
  for (guint i = 0; i < G_N_ELEMENTS (blocks); i += 2)
    l4_free (blocks[i]);
  for (guint i = 1; i < G_N_ELEMENTS (blocks); i += 2) {
    for (gsize at = 0; at < bytes; at++)
      if (blocks[i][at] != i + 1)
        g_error ("byte %zu of block %u is %u", at, i, blocks[i][at]);
    l4_free (blocks[i]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/files-kept-in-memory-are-room", test_files_kept_in_memory_are_room);
  g_test_add_func ("/memory/a-group-over-its-limit-has-no-room", test_a_group_over_its_limit_has_no_room);
  g_test_add_func ("/memory/a-group-without-a-limit-says-so", test_a_group_without_a_limit_says_so);
  g_test_add_func ("/memory/the-lower-of-two-limits-counts", test_the_lower_of_two_limits_counts);
  g_test_add_func ("/memory/groups-of-the-first-version-are-read-too", test_groups_of_the_first_version_are_read_too);
  g_test_add_func ("/memory/every-group-that-a-process-is-in-is-looked-at", test_every_group_that_a_process_is_in_is_looked_at);
  g_test_add_func ("/memory/large-blocks-go-back-to-the-system", test_large_blocks_go_back_to_the_system);
  g_test_add_func ("/memory/small-blocks-and-none-do-not", test_small_blocks_and_none_do_not);
  g_test_add_func ("/memory/what-lies-beside-a-block-stays", test_what_lies_beside_a_block_stays);
  return g_test_run ();
}
