/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders that a test makes up, looked through. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "scan/scan.h"

typedef struct
{
  char *folder;
  GString *problems;
} Fixture;

static void
on_problem (const char *line, gpointer user_data)
{
  g_string_append_printf (((Fixture *) user_data)->problems, "%s\n", line);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("llama4-test-XXXXXX", NULL);
  self->problems = g_string_new (NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  char *argv[] = { "rm", "-rf", "--", self->folder, NULL };

  g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
  g_free (self->folder);
  g_string_free (self->problems, TRUE);
}

/* Files of these names, with the folders that they are in; each name again as content, so that no two are alike. */
static void
make (Fixture *self, const char *const *names)
{
  for (guint i = 0; names[i] != NULL; i++) {
    g_autofree char *path = g_build_filename (self->folder, names[i], NULL), *parent = g_path_get_dirname (path);

    g_mkdir_with_parents (parent, 0700);
    g_assert_true (g_file_set_contents (path, names[i], -1, NULL));
  }
}

static void
link_to (Fixture *self, const char *target, const char *name)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

/* What is found, relative to the folder, a line each. (transfer full) */
static char *
list (Fixture *self, L4Scan *scan)
{
  const GPtrArray *files = l4_scan_get_files (scan);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < files->len; i++) {
    const L4ScanFile *file = g_ptr_array_index (files, i);

    g_assert_true (g_str_has_prefix (file->path, self->folder));
    g_assert_true (g_str_has_suffix (file->path, file->relative));
    g_string_append_printf (text, "%s\n", file->path + strlen (self->folder) + 1);
  }
  return g_string_free (text, FALSE);
}

/* The same of the whole folder. (transfer full) */
static char *
scan_all (Fixture *self, gboolean hidden)
{
  g_autoptr (L4Scan) scan = l4_scan_new (hidden, on_problem, self);

  g_assert_true (l4_scan_add (scan, self->folder, NULL));
  g_assert_true (l4_scan_finish (scan, NULL));
  return list (self, scan);
}

static void
test_sorted (Fixture *self, gconstpointer data)
{
  static const char *const names[] = { "b.mp4", "a.MKV", "sub/c.m2ts", "a/-odd name.webm", "a/100%s \"x\".ts", "a/new\nline.mov",
    "a/caf\351.mp4", "notes.txt", "mp4", "picture.mp4.jpg", NULL
  };
  g_autofree char *found = NULL;

  make (self, names);
  found = scan_all (self, FALSE);
  g_assert_cmpstr (found, ==, "a.MKV\na/-odd name.webm\na/100%s \"x\".ts\na/caf\351.mp4\na/new\nline.mov\nb.mp4\nsub/c.m2ts\n");
  g_assert_cmpstr (self->problems->str, ==, "");
}

static void
test_hidden (Fixture *self, gconstpointer data)
{
  static const char *const names[] = { "a.mp4", "._a.mp4", ".AppleDouble/a.mp4", "@eaDir/a.mp4/thumb.mp4", ".@__thumb/s100a.mp4",
    ".hidden.mkv", ".DS_Store", "#recycle/old.mp4", NULL
  };
  g_autoptr (L4Scan) scan = l4_scan_new (FALSE, on_problem, self);
  g_autofree char *found = NULL, *all = NULL, *path = NULL, *one = NULL;
  g_autoptr (L4Scan) named = l4_scan_new (FALSE, on_problem, self);
  guint files, folders;

  make (self, names);
  g_assert_true (l4_scan_add (scan, self->folder, NULL) && l4_scan_finish (scan, NULL));
  found = list (self, scan);
  g_assert_cmpstr (found, ==, "a.mp4\n");
  l4_scan_get_hidden (scan, &files, &folders);
  g_assert_cmpuint (files, ==, 2);
  g_assert_cmpuint (folders, ==, 4);
  all = scan_all (self, TRUE);
  g_assert_cmpstr (all, ==, "#recycle/old.mp4\n.@__thumb/s100a.mp4\n.AppleDouble/a.mp4\n._a.mp4\n.hidden.mkv\n@eaDir/a.mp4/thumb.mp4\n"
      "a.mp4\n");
  path = g_build_filename (self->folder, ".hidden.mkv", NULL);
  g_assert_true (l4_scan_add (named, path, NULL) && l4_scan_finish (named, NULL));
  one = list (self, named);
  g_assert_cmpstr (one, ==, ".hidden.mkv\n");
  g_assert_cmpstr (((L4ScanFile *) l4_scan_get_files (named)->pdata[0])->relative, ==, ".hidden.mkv");
}

static void
test_links (Fixture *self, gconstpointer data)
{
  static const char *const names[] = { "z/real.mp4", "far/away.bin", "b/c/deep.mkv", NULL };
  g_autofree char *found = NULL;

  make (self, names);
  link_to (self, "z/real.mp4", "a-link.mp4");   /* the same file: its own name stays */
  link_to (self, "far/away.bin", "other.mov");  /* no film's name, but the link has one */
  link_to (self, "../..", "b/c/up");            /* a loop */
  link_to (self, ".", "here");
  link_to (self, "nowhere", "gone.mp4");
  link_to (self, "nowhere", "gone-disk");
  link_to (self, "nowhere", "notes.txt");
  link_to (self, "self.mp4", "self.mp4");
  found = scan_all (self, FALSE);
  g_assert_cmpstr (found, ==, "b/c/deep.mkv\nother.mov\nz/real.mp4\n");
  g_assert_nonnull (strstr (self->problems->str, "/gone.mp4: is a link to nothing\n"));
  g_assert_nonnull (strstr (self->problems->str, "/gone-disk: is a link to nothing\n"));
  g_assert_nonnull (strstr (self->problems->str, "/self.mp4: is a link to itself\n"));
  g_assert_null (strstr (self->problems->str, "notes.txt"));
}

static void
test_folder_behind_a_link (Fixture *self, gconstpointer data)
{
  static const char *const names[] = { "store/one/a.mp4", "store/one/b.mp4", "index.txt", NULL };
  g_autoptr (L4Scan) scan = l4_scan_new (FALSE, on_problem, self);
  g_autofree char *view = g_build_filename (self->folder, "view", NULL), *found = NULL;

  make (self, names);
  g_assert_cmpint (g_mkdir (view, 0700), ==, 0);
  link_to (self, "../store/one", "view/films");
  g_assert_true (l4_scan_add (scan, view, NULL) && l4_scan_finish (scan, NULL));
  found = list (self, scan);
  g_assert_cmpstr (found, ==, "view/films/a.mp4\nview/films/b.mp4\n");
  g_assert_cmpstr (((L4ScanFile *) l4_scan_get_files (scan)->pdata[1])->relative, ==, "films/b.mp4");
}

static void
test_no_files (Fixture *self, gconstpointer data)
{
  g_autofree char *pipe = g_build_filename (self->folder, "pipe.mp4", NULL), *gone = g_build_filename (self->folder, "gone.mp4", NULL);
  g_autoptr (L4Scan) scan = l4_scan_new (FALSE, on_problem, self);
  g_autofree char *found = NULL;

  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_true (l4_scan_add (scan, self->folder, NULL) && l4_scan_add (scan, gone, NULL) && l4_scan_add (scan, "/dev/null", NULL)
      && l4_scan_finish (scan, NULL));
  found = list (self, scan);
  g_assert_cmpstr (found, ==, "");
  g_assert_nonnull (strstr (self->problems->str, "/pipe.mp4: is not a file\n"));
  g_assert_nonnull (strstr (self->problems->str, "/gone.mp4: No such file or directory\n"));
  g_assert_nonnull (strstr (self->problems->str, "/dev/null: is not a file\n"));
}

static void
test_list_of_another_system (Fixture *self, gconstpointer data)
{
  static const char *const names[] = { "a.mp4", "return.mp4\r", NULL };
  g_autoptr (L4Scan) scan = l4_scan_new (FALSE, on_problem, self);
  g_autofree char *text = g_strdup_printf ("%s/a.mp4\r\n\r\n%s/return.mp4\r\n", self->folder, self->folder), *found = NULL;
  int ends_of_pipe[2];

  make (self, names);
  g_assert_cmpint (pipe (ends_of_pipe), ==, 0);
  g_assert_cmpint (write (ends_of_pipe[1], text, strlen (text)), ==, strlen (text));
  close (ends_of_pipe[1]);
  g_assert_true (l4_scan_add_list (scan, ends_of_pipe[0], '\n', NULL, NULL) && l4_scan_finish (scan, NULL));
  close (ends_of_pipe[0]);
  found = list (self, scan);
  g_assert_cmpstr (found, ==, "a.mp4\nreturn.mp4\r\n");
  g_assert_cmpstr (self->problems->str, ==, "");
}

static void
test_given_twice (Fixture *self, gconstpointer data)
{
  static const char *const names[] = { "a.mp4", "b.bin", NULL };
  g_autoptr (L4Scan) scan = l4_scan_new (FALSE, on_problem, self);
  g_autofree char *b = g_build_filename (self->folder, "b.bin", NULL), *a = g_build_filename (self->folder, "a.mp4", NULL);
  g_autofree char *dotted = g_strconcat (self->folder, "/./", NULL), *twin = g_build_filename (self->folder, "hard.mp4", NULL);
  g_autofree char *found = NULL;

  make (self, names);
  g_assert_cmpint (link (a, twin), ==, 0);
  g_assert_true (l4_scan_add (scan, b, NULL) && l4_scan_add (scan, self->folder, NULL) && l4_scan_add (scan, a, NULL)
      && l4_scan_add (scan, dotted, NULL) && l4_scan_finish (scan, NULL));
  found = list (self, scan);
  g_assert_cmpstr (found, ==, "a.mp4\nb.bin\n");
}

static void
test_list (Fixture *self, gconstpointer data)
{
  static const char *const names[] = { "a.mp4", "new\nline.mp4", NULL };
  static const char ends[] = { '\n', '\0' };

  make (self, names);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++) {
    g_autoptr (L4Scan) scan = l4_scan_new (FALSE, on_problem, self);
    g_autoptr (GString) text = g_string_new (NULL);
    g_autofree char *found = NULL;
    int ends_of_pipe[2];

    g_string_append_printf (text, "%s/a.mp4", self->folder);
    g_string_append_c (text, ends[i]);
    g_string_append_c (text, ends[i]);  /* an empty line */
    g_string_append_printf (text, "%s/new\nline.mp4", self->folder);
    g_assert_cmpint (pipe (ends_of_pipe), ==, 0);
    g_assert_cmpint (write (ends_of_pipe[1], text->str, text->len), ==, text->len);
    close (ends_of_pipe[1]);
    g_assert_true (l4_scan_add_list (scan, ends_of_pipe[0], ends[i], NULL, NULL) && l4_scan_finish (scan, NULL));
    close (ends_of_pipe[0]);
    found = list (self, scan);
    g_assert_cmpstr (found, ==, i == 0 ? "a.mp4\n" : "a.mp4\nnew\nline.mp4\n");
  }
  g_assert_nonnull (strstr (self->problems->str, "line.mp4: No such file"));
}

/* As find -print0 prints it, where nobody said so. */
static void
test_other_ends (Fixture *self, gconstpointer data)
{
  static const char list[] = "a.mp4\0b.mp4\0";
  g_autoptr (L4Scan) scan = l4_scan_new (FALSE, on_problem, self);
  g_autoptr (GError) error = NULL;
  int ends_of_pipe[2];

  g_assert_cmpint (pipe (ends_of_pipe), ==, 0);
  g_assert_cmpint (write (ends_of_pipe[1], list, sizeof list - 1), ==, sizeof list - 1);
  close (ends_of_pipe[1]);
  g_assert_false (l4_scan_add_list (scan, ends_of_pipe[0], '\n', NULL, &error));
  close (ends_of_pipe[0]);
  g_assert_nonnull (strstr (error->message, "--null"));
}

static void
test_empty (Fixture *self, gconstpointer data)
{
  static const char *const names[] = { "a.mp4", NULL };
  g_autofree char *before = g_get_current_dir (), *found = NULL;
  g_autoptr (L4Scan) scan = l4_scan_new (FALSE, on_problem, self);

  make (self, names);
  g_assert_cmpint (g_chdir (self->folder), ==, 0);
  g_assert_true (l4_scan_add (scan, "", NULL) && l4_scan_finish (scan, NULL));
  g_assert_cmpint (g_chdir (before), ==, 0);
  found = list (self, scan);
  g_assert_cmpstr (found, ==, "");
  g_assert_cmpstr (self->problems->str, ==, "\"\": No such file or directory\n");
  g_assert_cmpuint (l4_scan_get_roots (scan)->len, ==, 0);
}

static void
test_cancelled (Fixture *self, gconstpointer data)
{
  static const char *const names[] = { "a.mp4", NULL };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (L4Scan) scan = l4_scan_new (FALSE, on_problem, self);
  int ends_of_pipe[2];

  make (self, names);
  g_cancellable_cancel (cancellable);
  g_assert_false (l4_scan_add (scan, self->folder, cancellable));
  g_assert_cmpint (pipe (ends_of_pipe), ==, 0);
  g_assert_false (l4_scan_add_list (scan, ends_of_pipe[0], '\n', cancellable, NULL));   /* nobody will ever write */
  close (ends_of_pipe[0]);
  close (ends_of_pipe[1]);
}

/* A folder that nothing could hold open at every depth, and one of many files. */
static void
test_large (Fixture *self, gconstpointer data)
{
  g_autoptr (GString) path = g_string_new (self->folder);
  g_autoptr (L4Scan) scan = l4_scan_new (FALSE, on_problem, self);
  guint depth = 0;

  for (; path->len < 3900; depth++) {
    g_string_append (path, "/d");
    g_assert_cmpint (g_mkdir (path->str, 0700), ==, 0);
  }
  g_string_append (path, "/deep.mp4");
  g_assert_true (g_file_set_contents (path->str, "x", -1, NULL));
  for (guint i = 0; i < 100000; i++) {
    char name[64];
    int file;

    g_snprintf (name, sizeof name, "%s/%06u.mp4", self->folder, i);
    file = open (name, O_CREAT | O_WRONLY, 0600);
    g_assert_cmpint (file, >=, 0);
    close (file);
  }
  g_assert_true (l4_scan_add (scan, self->folder, NULL) && l4_scan_finish (scan, NULL));
  g_assert_cmpuint (l4_scan_get_files (scan)->len, ==, 100001);
  g_assert_cmpstr (self->problems->str, ==, "");
  g_assert_cmpuint (depth, >, 1024);
}

static void
test_unreadable (Fixture *self, gconstpointer data)
{
  static const char *const names[] = { "open/a.mp4", "shut/b.mp4", NULL };
  g_autofree char *shut = g_build_filename (self->folder, "shut", NULL), *open_one = g_build_filename (self->folder, "open", NULL);
  g_autofree char *found = NULL;

  make (self, names);
  g_assert_cmpint (chmod (shut, 0) | chmod (open_one, 0755) | chmod (self->folder, 0755), ==, 0);
  if (getuid () == 0)
    g_assert_cmpint (seteuid (65534), ==, 0);   /* root reads everything */
  found = scan_all (self, FALSE);
  g_assert_cmpint (seteuid (getuid ()), ==, 0);
  chmod (shut, 0700);
  g_assert_cmpstr (found, ==, "open/a.mp4\n");
  g_assert_nonnull (strstr (self->problems->str, "/shut: Permission denied\n"));
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    {"films-of-all-folders-are-sorted-and-may-have-any-name", test_sorted},
    {"what-is-hidden-is-left-out-and-counted", test_hidden},
    {"links-are-followed-once-and-those-to-nothing-named", test_links},
    {"a-folder-behind-a-link-is-read", test_folder_behind_a_link},
    {"what-is-no-file-is-named", test_no_files},
    {"what-is-given-twice-is-taken-once", test_given_twice},
    {"a-list-may-end-its-paths-in-two-ways", test_list},
    {"lines-of-a-list-may-end-as-on-another-system", test_list_of_another_system},
    {"an-empty-path-is-not-the-folder-that-we-are-in", test_empty},
    {"a-list-whose-paths-end-otherwise-is-refused", test_other_ends},
    {"looking-can-be-cancelled", test_cancelled},
    {"many-files-and-many-folders-are-no-matter", test_large},
    {"a-folder-that-cannot-be-read-is-named", test_unreadable},
  };

  g_test_init (&argc, &argv, NULL);
  if (g_access ("/dev/shm", W_OK | X_OK) == 0)
    g_setenv ("TMPDIR", "/dev/shm", TRUE);      /* many names, which a disk would take its time for */
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree char *path = g_strconcat ("/scan/", tests[i].name, NULL);

    g_test_add (path, Fixture, NULL, set_up, tests[i].test, tear_down);
  }
  return g_test_run ();
}
