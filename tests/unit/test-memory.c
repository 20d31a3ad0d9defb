/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory there is: what a control group has room for. */

#include "base/memory.h"
#include "support/folder.h"

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

/* The first version keeps its files in a folder of their own. */
static void
test_groups_of_the_first_version_are_read_too (void)
{
  g_autoptr (Folder) top = folder_new ();
  Folder *folder = g_build_filename (top, "memory", NULL);
  g_autofree char *limit = NULL, *used = NULL, *stat = NULL;

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  limit = folder_write (folder, "memory.limit_in_bytes", "1000\n", -1);
  used = folder_write (folder, "memory.usage_in_bytes", "900\n", -1);
  stat = folder_write (folder, "memory.stat", "cache 1\ninactive_file 1\nactive_file 1\ntotal_cache 700\ntotal_inactive_file 300\n"
      "total_active_file 400\n", -1);
  g_assert_cmpuint (l4_memory_of_group (top), ==, 800);
  folder_free (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/files-kept-in-memory-are-room", test_files_kept_in_memory_are_room);
  g_test_add_func ("/memory/a-group-over-its-limit-has-no-room", test_a_group_over_its_limit_has_no_room);
  g_test_add_func ("/memory/a-group-without-a-limit-says-so", test_a_group_without_a_limit_says_so);
  g_test_add_func ("/memory/groups-of-the-first-version-are-read-too", test_groups_of_the_first_version_are_read_too);
  return g_test_run ();
}
