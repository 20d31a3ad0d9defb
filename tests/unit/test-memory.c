/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory there is: what control groups have room for. */

#include "base/group.h"
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/files-kept-in-memory-are-room", test_files_kept_in_memory_are_room);
  g_test_add_func ("/memory/a-group-over-its-limit-has-no-room", test_a_group_over_its_limit_has_no_room);
  g_test_add_func ("/memory/a-group-without-a-limit-says-so", test_a_group_without_a_limit_says_so);
  g_test_add_func ("/memory/groups-of-the-first-version-are-read-too", test_groups_of_the_first_version_are_read_too);
  g_test_add_func ("/memory/every-group-that-a-process-is-in-is-looked-at", test_every_group_that_a_process_is_in_is_looked_at);
  return g_test_run ();
}
