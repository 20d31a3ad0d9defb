/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PPM files: what the format allows is read, everything else refused. */

#include "files/ppm.h"
#include "support/folder.h"

typedef struct
{
  const char *name;
  const char *text;
  L4Error code;                 /* of a bad file */
  const char *words;            /* NULL: the file is good, 2 x 1 pixels "abcdef" */
} File;

static const File files[] = {
  {"reads-a-plain-file", "P6\n2 1\n255\nabcdef", 0, NULL},
  {"reads-any-white-space", "P6\t\r\n 2\t1\r255 abcdef", 0, NULL},
  {"reads-past-comments", "P6# by hand\n# P3 9 9\n2 # wide\n#\n1\n255\nabcdef", 0, NULL},
  {"reads-a-comment-at-once-after-a-number", "P6\n2#wide\n1\n255\nabcdef", 0, NULL},
  {"refuses-an-empty-file", "", L4_ERROR_FORMAT, "P6"},
  {"refuses-a-text-ppm", "P3\n1 1\n255\n1 2 3\n", L4_ERROR_FORMAT, "P6"},
  {"refuses-a-grey-picture", "P5\n1 1\n255\na", L4_ERROR_FORMAT, "P6"},
  {"refuses-a-number-that-touches-the-magic", "P62 1\n255\nabcdef", L4_ERROR_FORMAT, "P6"},
  {"refuses-a-missing-width", "P6\n", L4_ERROR_FORMAT, "1 to 65535"},
  {"refuses-a-missing-height", "P6\n2 ", L4_ERROR_FORMAT, "1 to 65535"},
  {"refuses-a-zero-width", "P6\n0 1\n255\n", L4_ERROR_FORMAT, "1 to 65535"},
  {"refuses-a-zero-height", "P6\n1 0\n255\n", L4_ERROR_FORMAT, "1 to 65535"},
  {"refuses-a-negative-width", "P6\n-2 1\n255\nabcdef", L4_ERROR_FORMAT, "1 to 65535"},
  {"refuses-a-width-of-65536", "P6\n65536 1\n255\n", L4_ERROR_FORMAT, "1 to 65535"},
  {"refuses-a-width-of-2^32-plus-2", "P6\n4294967298 1\n255\nabcdef", L4_ERROR_FORMAT, "1 to 65535"},
  {"refuses-a-width-in-letters", "P6\ntwo 1\n255\nabcdef", L4_ERROR_FORMAT, "1 to 65535"},
  {"refuses-a-comment-without-end", "P6\n#2 1 255 abcdef", L4_ERROR_FORMAT, "1 to 65535"},
  {"refuses-16-bit-samples", "P6\n1 1\n65535\nabcdef", L4_ERROR_UNSUPPORTED, "255"},
  {"refuses-4-bit-samples", "P6\n2 1\n15\nabcdef", L4_ERROR_UNSUPPORTED, "255"},
  {"refuses-a-missing-maximum", "P6\n2 1\n", L4_ERROR_UNSUPPORTED, "255"},
  {"refuses-a-header-without-end", "P6\n2 1\n255", L4_ERROR_FORMAT, "white space"},
  {"refuses-no-white-space-before-the-pixels", "P6\n2 1\n255abcdef", L4_ERROR_FORMAT, "white space"},
  {"refuses-a-cut-picture", "P6\n2 1\n255\nabcde", L4_ERROR_FORMAT, "2 x 1 pixels need 6 bytes, 5"},
  {"refuses-bytes-after-the-picture", "P6\n2 1\n255\nabcdefg", L4_ERROR_FORMAT, "2 x 1 pixels need 6 bytes, 7"},
  {"refuses-a-picture-that-claims-12-gb", "P6\n65535 65535\n255\nabcdef", L4_ERROR_FORMAT, "need 12884508675 bytes, 6"},
};

static void
test_file (gconstpointer data)
{
  const File *file = data;
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = folder_write (folder, "a.ppm", file->text, -1);
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *pixels = NULL;
  guint width, height;

  if (file->words == NULL) {
    l4_ppm_load (path, &width, &height, &pixels, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (width, ==, 2);
    g_assert_cmpuint (height, ==, 1);
    g_assert_cmpmem (pixels, 6, "abcdef", 6);
    return;
  }
  g_assert_false (l4_ppm_load (path, &width, &height, &pixels, &error));
  g_assert_error (error, L4_ERROR, file->code);
  g_assert_true (g_str_has_prefix (error->message, path));
  assert_says (error, file->words);
  g_assert_null (pixels);
}

static void
test_pixels_may_look_like_anything (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = folder_write (folder, "a.ppm", "P6 1 2 255\n\n#\0 \t7", 17);
  g_autofree guint8 *pixels = NULL;
  guint width, height;

  g_assert_true (l4_ppm_load (path, &width, &height, &pixels, NULL));
  g_assert_cmpmem (pixels, 6, "\n#\0 \t7", 6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_strdup_printf ("/ppm/%s", files[i].name);

    g_test_add_data_func (path, &files[i], test_file);
  }
  g_test_add_func ("/ppm/pixels-may-look-like-anything", test_pixels_may_look_like_anything);
  return g_test_run ();
}
