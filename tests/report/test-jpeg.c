/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a page takes for a picture: whole JPEGs of moderate size, and nothing else, however it begins. */

#include <string.h>

#include "page/jpeg.h"
#include "support/guarded.h"

/* Where these stand in the picture below. */
#define FRAME 20
#define BITS (FRAME + 4)
#define HEIGHT (FRAME + 5)
#define WIDTH (FRAME + 7)

/* As encoders begin: JFIF, a frame of 135 by 240 with three colours, one scan, a few bytes of it. */
static const guint8 picture[] = {
  0xff, 0xd8,
  0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
  0xff, 0xc0, 0, 17, 8, 0, 135, 0, 240, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1,
  0xff, 0xfe, 0, 4, 'h', 'i',
  0xff, 0xda, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0,
  0x12, 0x34, 0xff, 0x00, 0x56,
  0xff, 0xd9
};

/* At the end of memory, so that reading on would end the test. */
static gboolean
is_jpeg (const void *bytes, gsize length)
{
  gboolean right;
  Guarded memory;

  guarded_init (&memory, MAX (length, 1));
  memcpy (memory.data, bytes, length);
  right = l4_page_is_jpeg (memory.data, length);
  guarded_clear (&memory);
  return right;
}

static gboolean
is_jpeg_with (gsize at, guint8 value)
{
  guint8 changed[sizeof picture];

  memcpy (changed, picture, sizeof picture);
  changed[at] = value;
  return is_jpeg (changed, sizeof changed);
}

static void
test_a_whole_one_is_taken (void)
{
  g_assert_true (is_jpeg (picture, sizeof picture));
  g_assert_true (is_jpeg_with (FRAME + 1, 0xc2));       /* progressive */
}

static void
test_no_part_of_one_is_taken (void)
{
  g_autofree guint8 *more = g_malloc0 (sizeof picture + 1);

  for (gsize length = 0; length < sizeof picture; length++)
    g_assert_false (is_jpeg (picture, length));
  memcpy (more, picture, sizeof picture);
  g_assert_false (is_jpeg (more, sizeof picture + 1));
}

static void
test_what_is_another_kind_is_not_taken (void)
{
  static const char *const others[] = { "", "\xff", "\xff\xd8\xff\xd9", "GIF89a", "\x89PNG\r\n\x1a\n", "<!doctype html><script>alert(1)</script>",
    "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>", "\xff\xd8<script>alert(1)</script>\xff\xd9",
    "\xff\xd8\xff\xe0\xff\xff<script>\xff\xd9", "RIFF\x10\0\0\0WEBPVP8 "
  };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (is_jpeg (others[i], strlen (others[i])));
  g_assert_false (is_jpeg_with (FRAME + 1, 0xc3));      /* lossless */
  g_assert_false (is_jpeg_with (FRAME + 1, 0xfe));      /* a scan without a frame */
  g_assert_false (is_jpeg_with (BITS, 12));        /* bits */
}

static void
test_no_giant_is_taken (void)
{
  const gsize length = (1 << 20) + 1;
  g_autofree guint8 *large = g_malloc0 (length);

  g_assert_false (is_jpeg_with (WIDTH, 0xff));
  g_assert_false (is_jpeg_with (HEIGHT, 0xff));
  g_assert_false (is_jpeg_with (HEIGHT + 1, 0));        /* no line at all */
  memcpy (large, picture, sizeof picture);
  memcpy (large + length - 2, picture + sizeof picture - 2, 2);
  g_assert_false (is_jpeg (large, length));
  memcpy (large + length - 3, picture + sizeof picture - 2, 2);
  g_assert_true (is_jpeg (large, length - 1));
}

static void
test_any_byte_may_be_any_other (void)
{
  guint n = 0;

  for (gsize at = 0; at < sizeof picture; at++)
    for (guint value = 0; value < 256; value++)
      n += is_jpeg_with (at, value);
  g_assert_cmpuint (n, >=, sizeof picture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/report/jpeg/a-whole-one-is-taken", test_a_whole_one_is_taken);
  g_test_add_func ("/report/jpeg/no-part-of-one-is-taken", test_no_part_of_one_is_taken);
  g_test_add_func ("/report/jpeg/what-is-another-kind-is-not-taken", test_what_is_another_kind_is_not_taken);
  g_test_add_func ("/report/jpeg/no-giant-is-taken", test_no_giant_is_taken);
  g_test_add_func ("/report/jpeg/any-byte-may-be-any-other", test_any_byte_may_be_any_other);
  return g_test_run ();
}
