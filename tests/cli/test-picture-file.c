/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picture files come out as whoever looks at them sees them.
 *
 * pictures/corners.jpg has 48 x 32 pixels: red and green above blue and white. grid.heic shows the same at 200 x 180, in four tiles of
 * 128 x 128 (heif-enc --cut-tiles 128). corners.avif is corners.jpg once more, in all of its range, with the matrix of BT.709 (ffmpeg -c:v
 * libaom-av1 -color_range pc -colorspace bt709). turned.heic and turned.avif are these with properties of HEIF: to be turned a quarter
 * anticlockwise (irot 1), and thereafter, the second, to be mirrored (imir 0: what is above comes below). */

#include <string.h>

#include "cli/picture-file.h"
#include "support/folder.h"

/* What is in the middles of the quarters of a picture, row by row: "rgbw" for corners.jpg. */
static void
assert_quarters (const char *path, guint width, guint height, const char *quarters)
{
  static const struct
  {
    char name;
    guint8 rgb[3];
  } colours[] = { {'r', {230, 20, 20}}, {'g', {20, 200, 20}}, {'b', {20, 20, 230}}, {'w', {235, 235, 235}} };
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *pixels = NULL;
  guint w = 0, h = 0;

  l4_picture_file_load (path, &w, &h, &pixels, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (w, ==, width);
  g_assert_cmpuint (h, ==, height);
  for (guint i = 0; i < 4; i++) {
    const guint8 *pixel = pixels + ((i / 2 * 2 + 1) * h / 4 * w + (i % 2 * 2 + 1) * w / 4) * 3;
    char found = '?';

    for (guint c = 0; c < G_N_ELEMENTS (colours); c++)
      if (ABS (pixel[0] - colours[c].rgb[0]) + ABS (pixel[1] - colours[c].rgb[1]) + ABS (pixel[2] - colours[c].rgb[2]) < 60)
        found = colours[c].name;
    g_assert_cmpint (found, ==, quarters[i]);
  }
}

/* corners.jpg with a note of that orientation behind the start of the image. (transfer full) */
static char *
write_oriented (const Folder *folder, guint8 orientation)
{
  const guint8 note[] = { 0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'I', 'I', '*', 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0,
    orientation, 0, 0, 0, 0, 0, 0, 0
  };
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "cli", "pictures", "corners.jpg", NULL), *picture = NULL;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gsize length;

  g_assert_true (g_file_get_contents (path, &picture, &length, NULL));
  g_byte_array_append (bytes, (const guint8 *) picture, 2);
  g_byte_array_append (bytes, note, sizeof note);
  g_byte_array_append (bytes, (const guint8 *) picture + 2, length - 2);
  return folder_write (folder, "oriented.jpg", bytes->data, bytes->len);
}

static void
test_a_photo_stands_upright (void)
{
  static const char *const quarters[] = { "rgbw", "grwb", "wbgr", "bwrg", "rbgw", "brwg", "wgbr", "gwrb" };

  for (guint i = 0; i < G_N_ELEMENTS (quarters); i++) {
    g_autoptr (Folder) folder = folder_new ();
    g_autofree char *path = write_oriented (folder, i + 1);

    assert_quarters (path, i < 4 ? 48 : 32, i < 4 ? 32 : 48, quarters[i]);
  }
}

static void
test_a_picture_with_a_property_stands_upright (void)
{
  g_autofree char *avif = g_test_build_filename (G_TEST_DIST, "cli", "pictures", "turned.avif", NULL);
  g_autofree char *heic = g_test_build_filename (G_TEST_DIST, "cli", "pictures", "turned.heic", NULL);

  assert_quarters (avif, 32, 48, "rbgw");
  assert_quarters (heic, 180, 200, "gwrb");
}

static void
test_a_picture_has_the_colours_that_it_says (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "cli", "pictures", "corners.avif", NULL);

  assert_quarters (path, 48, 32, "rgbw");
}

static void
test_every_name_is_that_of_one_file (void)
{
  static const char *const names[] = { "Birth%20day.jpg", "100%.jpg", "%d.jpg", "a*.jpg", "http:b.jpg" };
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "cli", "pictures", "corners.jpg", NULL), *picture = NULL;
  g_autoptr (Folder) folder = folder_new ();
  gsize length;

  g_assert_true (g_file_get_contents (path, &picture, &length, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *copy = folder_write (folder, names[i], picture, length);

    assert_quarters (copy, 48, 32, "rgbw");
  }
}

static void
test_the_tiles_of_a_grid_are_one_picture (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "cli", "pictures", "grid.heic", NULL), *bytes = NULL, *cut = NULL;
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *pixels = NULL;
  guint width, height;
  gsize length;

  assert_quarters (path, 200, 180, "rgbw");
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  cut = folder_write (folder, "cut.heic", bytes, length - 300);
  g_assert_false (l4_picture_file_load (cut, &width, &height, &pixels, &error));
  assert_says (error, "cut.heic");
}

/* The half that is not there would be green. */
static void
test_half_a_photo_is_refused (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "cli", "pictures", "corners.jpg", NULL), *bytes = NULL, *cut = NULL;
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *pixels = NULL;
  guint width, height;
  gsize length;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  cut = folder_write (folder, "cut.jpg", bytes, length - 20);
  g_assert_false (l4_picture_file_load (cut, &width, &height, &pixels, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_FORMAT);
  assert_says (error, "cut.jpg");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/picture-file/a-photo-stands-upright", test_a_photo_stands_upright);
  g_test_add_func ("/picture-file/a-picture-with-a-property-stands-upright", test_a_picture_with_a_property_stands_upright);
  g_test_add_func ("/picture-file/a-picture-has-the-colours-that-it-says", test_a_picture_has_the_colours_that_it_says);
  g_test_add_func ("/picture-file/every-name-is-that-of-one-file", test_every_name_is_that_of_one_file);
  g_test_add_func ("/picture-file/the-tiles-of-a-grid-are-one-picture", test_the_tiles_of_a_grid_are_one_picture);
  g_test_add_func ("/picture-file/half-a-photo-is-refused", test_half_a_photo_is_refused);
  return g_test_run ();
}
