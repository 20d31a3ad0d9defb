/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a film is known by: its content, not its name, not its tags. */

#include "films.h"

#include <string.h>
#include <utime.h>

#include <glib/gstdio.h>

static char *
key_of (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *key = l4_film_get_key (path, NULL, &error);

  g_assert_no_error (error);
  return key;
}

static void
assert_alike (const char *one, const char *other)
{
  g_autofree char *key = key_of (one), *other_key = key_of (other);

  g_assert_cmpstr (key, ==, other_key);
}

static void
assert_different (const char *one, const char *other)
{
  g_autofree char *key = key_of (one), *other_key = key_of (other);

  g_assert_cmpstr (key, !=, other_key);
}

/* size bytes that differ from each other, with one of them changed. */
static const char *
write_bytes (const char *name, gsize size, gsize changed)
{
  g_autofree char *bytes = g_malloc (size);
  guint32 state = 1;

  for (gsize i = 0; i < size; i++)
    bytes[i] = (state = state * 1664525 + 1013904223) >> 24;
  if (changed < size)
    bytes[changed]++;
  return film_write (name, bytes, size);
}

static void
test_the_form (void)
{
  g_autofree char *key = key_of (film_write ("form", "hello", 5));
  g_auto (GStrv) parts = g_strsplit (key, "-", -1);

  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  g_assert_cmpstr (parts[0], ==, "5");
  g_assert_cmpuint (strlen (parts[1]), ==, 32);
  g_assert_cmpuint (strspn (parts[1], "0123456789abcdef"), ==, 32);
}

static void
test_names_and_times_do_not_matter (void)
{
  const char *path = film_contain ("c.mp4"), *copy = film_cut ("copy.mp4", "c.mp4", 0, 100);
  g_autofree char *key = key_of (copy), *later = NULL;

  assert_alike (path, copy);
  g_assert_cmpint (g_rename (copy, film_path ("renamed.mkv")), ==, 0);
  g_assert_cmpint (utime (film_path ("renamed.mkv"), NULL), ==, 0);
  later = key_of (film_path ("renamed.mkv"));
  g_assert_cmpstr (key, ==, later);
}

/* Small ones byte for byte; large ones at the head, at the end and in places between. */
static void
test_all_of_a_small_file_counts (void)
{
  const char *path = write_bytes ("small", 300000, G_MAXSIZE);
  static const gsize places[] = { 0, 65535, 65536, 150000, 299999 };

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    assert_different (path, write_bytes ("changed", 300000, places[i]));
  assert_different (path, write_bytes ("longer", 300001, G_MAXSIZE));
}

static void
test_a_large_file_counts_from_head_to_end (void)
{
  const gsize size = 20000000;
  const char *path = write_bytes ("large", size, G_MAXSIZE);
  static const double places[] = { 0, 0.2259, 0.4517, 0.6776, 0.9033, 1 };      /* some of those that are looked at */

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    assert_different (path, write_bytes ("changed", size, MIN ((gsize) (size * places[i]), size - 1)));
  g_unlink (film_path ("large"));
  g_unlink (film_path ("changed"));
}

/* The same two seconds, then other pictures. */
static void
test_films_that_begin_alike_are_two (void)
{
  static const char *const suffixes[] = { "mp4", "mkv", "ts", "avi", NULL };

  for (guint i = 0; suffixes[i] != NULL; i++) {
    g_autofree char *one = g_strconcat ("one.", suffixes[i], NULL), *other = g_strconcat ("other.", suffixes[i], NULL);

    film_make (one, "-f lavfi -i testsrc2=s=64x48:r=25:d=2 -f lavfi -i color=red:s=64x48:r=25:d=2 -filter_complex [0][1]concat " X264);
    film_make (other, "-f lavfi -i testsrc2=s=64x48:r=25:d=2 -f lavfi -i color=blue:s=64x48:r=25:d=2 -filter_complex [0][1]concat " X264);
    assert_different (film_path (one), film_path (other));
  }
}

static void
test_tags_do_not_matter (void)
{
  static const char *const ways[][3] = {
    {"c.mp4", "tagged.mp4", "-i c.mp4 -c copy -metadata title=Holidays -metadata comment=long"},
    {"c.mp4", "front.mp4", "-i c.mp4 -c copy -movflags faststart -metadata title=Holidays"},
    {"c.mov", "tagged.mov", "-i c.mov -c copy -metadata title=Holidays"},
    {"c.mkv", "tagged.mkv", "-i c.mkv -c copy -metadata title=Holidays"},
    {"direct.avi", "tagged.avi", "-i direct.avi -c copy -metadata title=Holidays"},
    {"c.wmv", "tagged.wmv", "-i c.wmv -c copy -metadata title=Holidays"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++) {
    film_contain (ways[i][0]);
    g_test_message ("%s", ways[i][1]);
    assert_alike (film_make (ways[i][1], ways[i][2]), film_make (ways[i][0], ""));
  }
}

/* As tagging programs do: to the end, in place. */
static void
test_tags_at_the_end_do_not_matter (void)
{
  g_autofree char *ape = g_malloc0 (64), *id3 = g_malloc0 (128);

  film_write ("tags.mkv.part", "\x12\x54\xc3\x67\x88\x73\x73\x85\x63\xc0\x80\x67\xc8", 13);      /* Tags */
  film_contain ("c.mkv");
  assert_alike (film_join ("appended.mkv", "c.mkv", "tags.mkv.part"), film_path ("c.mkv"));
  film_write ("free.part", "\0\0\0\x10""freeTITLE...", 16);
  film_contain ("c.mp4");
  assert_alike (film_join ("appended.mp4", "c.mp4", "free.part"), film_path ("c.mp4"));
  memcpy (id3, "TAGHolidays", 11);
  film_write ("id3.part", id3, 128);
  film_contain ("c.ts");
  assert_alike (film_join ("appended.ts", "c.ts", "id3.part"), film_path ("c.ts"));
  memcpy (ape, "APETAGEX\xd0\x07\0\0\x40\0\0\0\0\0\0\0\0\0\0\xa0", 24);
  memcpy (ape + 32, "APETAGEX\xd0\x07\0\0\x20\0\0\0\0\0\0\0\0\0\0\x80", 24);
  film_write ("ape.part", ape, 64);
  assert_alike (film_join ("ape.ts", "c.ts", "ape.part"), film_path ("c.ts"));
}

/* The data are the same, but not what is shown of them. */
static void
test_cuts_and_turns_matter (void)
{
  film_contain ("c.mp4");
  assert_different (film_make ("turned.mp4", "-display_rotation 90 -i c.mp4 -c copy"), film_path ("c.mp4"));
  assert_different (film_make ("edited.mp4", "-ss 0.5 -i c.mp4 -c copy"), film_path ("c.mp4"));
}

static void
test_what_is_no_film_has_a_key_too (void)
{
  static const char *const heads[] = { "\0\0\0\x18""ftypmp42", "\x1a\x45\xdf\xa3\x9f", "RIFF\xff\xff\xff\xff""AVI LIST", "ID3\4\0\0\x7f\x7f\x7f\x7f",
    "\0\0\0\1mdat\xff\xff\xff\xff\xff\xff\xff\xff", "\0\0\0\0mdat", "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c\xff\xff",
  };
  static const gsize lengths[] = { 12, 5, 16, 10, 16, 8, 18 };

  for (gsize i = 0; i < G_N_ELEMENTS (heads); i++) {
    g_autofree char *bytes = g_malloc0 (1000), *key = NULL;

    memcpy (bytes, heads[i], lengths[i]);
    key = key_of (film_write ("head", bytes, 1000));
    g_assert_false (g_str_has_prefix (key, "0-"));
    bytes[990] = 1;
    film_write ("other-head", bytes, 1000);
    assert_different (film_path ("head"), film_path ("other-head"));
  }
}

static void
test_files_that_cannot_be_read (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (l4_film_get_key (film_path ("missing"), NULL, &error));
  g_assert_error (error, L4_FILM_ERROR, L4_FILM_ERROR_GONE);
  g_clear_error (&error);
  g_assert_null (l4_film_get_key (film_write ("empty", "", 0), NULL, &error));
  g_assert_error (error, L4_FILM_ERROR, L4_FILM_ERROR_EMPTY);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  films_begin ();
  g_test_add_func ("/film/key/size-and-hash", test_the_form);
  g_test_add_func ("/film/key/names-and-times-do-not-matter", test_names_and_times_do_not_matter);
  g_test_add_func ("/film/key/all-of-a-small-file-counts", test_all_of_a_small_file_counts);
  g_test_add_func ("/film/key/a-large-file-counts-from-head-to-end", test_a_large_file_counts_from_head_to_end);
  g_test_add_func ("/film/key/films-that-begin-alike-are-two", test_films_that_begin_alike_are_two);
  g_test_add_func ("/film/key/tags-do-not-matter", test_tags_do_not_matter);
  g_test_add_func ("/film/key/tags-at-the-end-do-not-matter", test_tags_at_the_end_do_not_matter);
  g_test_add_func ("/film/key/cuts-and-turns-matter", test_cuts_and_turns_matter);
  g_test_add_func ("/film/key/what-is-no-film-has-one-too", test_what_is_no_film_has_a_key_too);
  g_test_add_func ("/film/key/files-that-cannot-be-read-have-none", test_files_that_cannot_be_read);
  status = g_test_run ();
  films_end ();
  return status;
}
