/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A temporary folder of files that a test makes up. */

#pragma once

#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

typedef char Folder;            /* its path */

static inline Folder *
folder_new (void)
{
  g_autoptr (GError) error = NULL;
  Folder *self = g_dir_make_tmp ("llama4-test-XXXXXX", &error);

  g_assert_no_error (error);
  return self;
}

/* Removes the folder and the files in it. */
static inline void
folder_free (Folder *self)
{
  g_autoptr (GDir) files = g_dir_open (self, 0, NULL);
  const char *name;

  while (files != NULL && (name = g_dir_read_name (files)) != NULL) {
    g_autofree char *path = g_build_filename (self, name, NULL);

    g_remove (path);
  }
  g_rmdir (self);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Folder, folder_free)

/* length -1: data is a string. Returns the path. (transfer full) */
static inline char *
folder_write (const Folder *self, const char *name, gconstpointer data, gssize length)
{
  g_autoptr (GError) error = NULL;
  char *path = g_build_filename (self, name, NULL);

  g_remove (path);              /* writing over a file makes some file systems wait for the disk */
  g_file_set_contents_full (path, data, length, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
  return path;
}

/* How many files are in it. */
static inline guint
folder_count (const Folder *self)
{
  g_autoptr (GDir) files = g_dir_open (self, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (files) != NULL)
    n++;
  return n;
}

/* Both have the same bytes. */
static inline void
assert_same_files (const char *one, const char *other)
{
  g_autofree char *one_bytes = NULL, *other_bytes = NULL;
  gsize one_length, other_length;

  g_assert_true (g_file_get_contents (one, &one_bytes, &one_length, NULL));
  g_assert_true (g_file_get_contents (other, &other_bytes, &other_length, NULL));
  g_assert_cmpmem (one_bytes, one_length, other_bytes, other_length);
}

/* The error is one line of bounded length that holds every one of the words, between which stand |. */
static inline void
assert_says (const GError *error, const char *words)
{
  g_auto (GStrv) each = g_strsplit (words, "|", -1);

  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strchr (error->message, '\n'));
  g_assert_cmpuint (strlen (error->message), <, 1500);
  for (guint i = 0; each[i] != NULL; i++)
    if (strstr (error->message, each[i]) == NULL)
      g_error ("\"%s\" does not say \"%s\"", error->message, each[i]);
}

/* JSON with ' in place of ", as it is readable in C. (transfer full) */
static inline char *
json_from (const char *text)
{
  return g_strdelimit (g_strdup (text), "'", '"');
}
