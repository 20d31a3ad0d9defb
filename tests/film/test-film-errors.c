/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are no film, or do not stay one: a line that says so, at once, and nothing left open. */

#include "films.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib/gstdio.h>

/* The read that fails, counted from the first on; 0: none. */
static gint failing_read, n_reads;

gssize __real_pread64 (int file, void *buffer, gsize size, gint64 offset);
gssize __wrap_pread64 (int file, void *buffer, gsize size, gint64 offset);

gssize
__wrap_pread64 (int file, void *buffer, gsize size, gint64 offset)
{
  if (++n_reads == failing_read) {
    errno = EIO;
    return -1;
  }
  return __real_pread64 (file, buffer, size, offset);
}

/* No film ------------------------------------------------------------------------------------------------------------------------ */

static void
test_nothing_there (void)
{
  g_assert_cmpint (symlink ("nothing", film_path ("dead.mp4")), ==, 0);
  g_assert_cmpint (symlink ("loop.mp4", film_path ("loop.mp4")), ==, 0);
  assert_fails (film_path ("missing.mp4"), L4_FILM_ERROR_GONE, "cannot be opened");
  assert_fails (film_path ("dead.mp4"), L4_FILM_ERROR_GONE, "a link to something that is not there");
  assert_fails (film_path ("loop.mp4"), L4_FILM_ERROR_GONE, "a link that leads back to itself");
  film_write ("file", "x", 1);
  assert_fails (film_path ("file/film.mp4"), L4_FILM_ERROR_GONE, "cannot be opened");
}

static void
test_names_are_bytes (void)
{
  g_autoptr (GArray) shown = NULL;

  film_contain ("c.mp4");
  g_assert_cmpint (symlink ("c.mp4", film_path ("-caf\351 %s\n\200.mp4")), ==, 0);
  shown = film_read_all (film_path ("-caf\351 %s\n\200.mp4"));
  assert_regular (shown, 0, 150, 0);
  assert_fails (film_path ("caf\351 %s\n.mp4"), L4_FILM_ERROR_GONE, "caf\351 %s\n.mp4");
}

static void
make_socket (const char *name)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX };
  int file = socket (AF_UNIX, SOCK_STREAM, 0);

  g_strlcpy (address.sun_path, film_path (name), sizeof address.sun_path);
  g_assert_cmpint (bind (file, (struct sockaddr *) &address, sizeof address), ==, 0);
  close (file);
}

static void
test_what_is_no_file (void)
{
  g_assert_cmpint (g_mkdir (film_path ("folder.mp4"), 0700), ==, 0);
  g_assert_cmpint (mkfifo (film_path ("pipe.mp4"), 0600), ==, 0);
  make_socket ("socket.mp4");
  assert_fails (film_path ("folder.mp4"), L4_FILM_ERROR_FORMAT, "is a folder");
  assert_fails (film_path ("pipe.mp4"), L4_FILM_ERROR_FORMAT, "is a pipe");
  assert_fails (film_path ("socket.mp4"), L4_FILM_ERROR_FORMAT, "is a socket");
  assert_fails ("/dev/zero", L4_FILM_ERROR_FORMAT, "is a device");
}

static void
test_what_is_no_film (void)
{
  g_autofree char *zeros = g_malloc0 (1 << 20), *noise = g_malloc (100000);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);

  for (guint i = 0; i < 100000; i++)
    noise[i] = g_rand_int (random);
  film_contain ("c.mp4");
  assert_fails (film_write ("empty.mp4", "", 0), L4_FILM_ERROR_EMPTY, "is empty");
  assert_fails (film_write ("text.mp4", "This is text. It is no film.\n", -1), L4_FILM_ERROR_FORMAT, "is no film");
  assert_fails (film_write ("zeros.mp4", zeros, 1 << 20), L4_FILM_ERROR_FORMAT, "is no film");
  assert_fails (film_write ("noise.mp4", noise, 100000), L4_FILM_ERROR_FORMAT, "is no film");
  assert_fails (film_write ("text.srt", "1\n00:00:01,000 --> 00:00:02,000\nHello\n", -1), L4_FILM_ERROR_FORMAT, "has no film");
  assert_fails (film_cut ("half.mp4", "c.mp4", 0, 50), L4_FILM_ERROR_FORMAT, "is no film");
  assert_fails (film_write ("art.mp4", "XBIN\032P\000\031\000\020\000", 11), L4_FILM_ERROR_FORMAT, "is no film");
}

/* What comes before the first picture is broken: there is none. */
static void
test_no_picture_can_be_decoded (void)
{
  g_autofree char *bytes = NULL;
  gsize length;

  film_contain ("c.mkv");
  g_assert_true (g_file_get_contents (film_path ("c.mkv"), &bytes, &length, NULL));
  for (gsize i = 900; i < length - 4000; i++)
    bytes[i] = 0x55;
  assert_fails (film_write ("hollow.mkv", bytes, length), L4_FILM_ERROR_FORMAT, "no picture in it can be decoded");
}

static const char *
replace_in (const char *name, const char *of, const char *old, const char *new)
{
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (film_path (of), &bytes, &length, NULL));
  for (gsize i = 0; i + strlen (old) <= length; i++)
    if (memcmp (bytes + i, old, strlen (old)) == 0)
      memcpy (bytes + i, new, strlen (new));
  return film_write (name, bytes, length);
}

static void
test_unknown_codecs_are_named (void)
{
  film_contain ("c.mp4");
  film_contain ("mjpeg.avi");
  assert_fails (replace_in ("unknown.mp4", "c.mp4", "avc1", "zzz9"), L4_FILM_ERROR_UNSUPPORTED, "zzz9");
  assert_fails (replace_in ("unknown.avi", "mjpeg.avi", "MJPG", "XYZ9"), L4_FILM_ERROR_UNSUPPORTED, "XYZ9");
  assert_fails (replace_in ("unknown.mkv", film_contain ("c.mkv") != NULL ? "c.mkv" : "", "V_MPEG4/ISO/AVC", "V_MPEG9/XXX/YYY"),
      L4_FILM_ERROR_UNSUPPORTED, "codec");
}

static void
test_encrypted_films (void)
{
  g_autofree char *bytes = NULL;
  gsize length;

  film_contain ("c.mp4");
  assert_fails (film_make ("cenc.mp4", "-i c.mp4 -c copy -encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb "
          "-encryption_kid a7e61c373e219033c21091fa607bf3b8"), L4_FILM_ERROR_ENCRYPTED, "is encrypted");
  g_assert_true (g_file_get_contents (film_contain ("c.ts"), &bytes, &length, NULL));
  for (gsize at = 0; at + 188 <= length; at += 188)
    if ((bytes[at + 1] & 0x1f) == 1 && bytes[at + 2] == 0) {    /* the film's packets: 0x100 */
      bytes[at + 3] |= 0x80;
      for (guint i = 60; i < 188; i++)
        bytes[at + i] ^= 0x5a;
    }
  assert_fails (film_write ("scrambled.ts", bytes, length), L4_FILM_ERROR_ENCRYPTED, "is encrypted");
}

/* A list within a file opens nothing. */
static void
test_lists_open_no_other_files (void)
{
  g_autofree char *concat = NULL, *hls = NULL, *dash = NULL;

  film_contain ("c.ts");
  concat = g_strdup_printf ("ffconcat version 1.0\nfile 'c.ts'\nfile '%s'\n", film_path ("c.ts"));
  hls = g_strdup_printf ("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n%s\n#EXTINF:6,\nc.ts\n#EXT-X-ENDLIST\n", film_path ("c.ts"));
  dash = g_strdup_printf ("<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-live:"
      "2011\" type=\"static\"><Period><AdaptationSet mimeType=\"video/mp4\"><Representation id=\"1\" bandwidth=\"1\"><BaseURL>%s</BaseURL>"
      "</Representation></AdaptationSet></Period></MPD>", film_path ("c.mp4"));
  assert_fails (film_write ("list.mp4", concat, -1), L4_FILM_ERROR_FORMAT, "is no film, but");
  assert_fails (film_write ("list.m3u8", hls, -1), L4_FILM_ERROR_FORMAT, "is no film");
  assert_fails (film_write ("list.mpd", dash, -1), L4_FILM_ERROR_FORMAT, "is no film");
}

/* No film any more ---------------------------------------------------------------------------------------------------------------- */

typedef void (*Change) (const char *path);

static void
grow (const char *path)
{
  FILE *file = fopen (path, "ab");

  g_assert_cmpint (fputs ("more", file), >=, 0);
  g_assert_cmpint (fclose (file), ==, 0);
}

static void
shrink (const char *path)
{
  g_assert_cmpint (truncate (path, 20000), ==, 0);
}

static void
replace (const char *path)
{
  film_cut ("other", "c.ts", 0, 100);
  g_assert_cmpint (g_rename (film_path ("other"), path), ==, 0);
}

static void
change_within (const char *path)
{
  FILE *file = fopen (path, "r+b");

  g_usleep (20000);             /* so that its time is another */
  g_assert_cmpint (fseek (file, -1000, SEEK_END), ==, 0);
  g_assert_cmpint (fputs ("other", file), >=, 0);
  g_assert_cmpint (fclose (file), ==, 0);
}

static void
unlink_it (const char *path)
{
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
test_changed_while_read (void)
{
  static const struct
  {
    Change change;
    const char *says;
  } changes[] = {
    {grow, "changed while it was read"}, {shrink, "changed while it was read"}, {replace, "changed while it was read"},
    {change_within, "changed while it was read"}, {unlink_it, "went away while it was read"},
  };

  film_contain ("c.ts");
  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++) {
    const char *path = film_cut ("changing.ts", "c.ts", 0, 100);
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Film) film = l4_film_open (path, NULL, &error);
    GstSample *sample;

    g_assert_no_error (error);
    g_assert_true (l4_film_start (film, L4_FILM_DECODE_KEYS, 0, 4 * GST_SECOND, 4, &error));
    changes[i].change (path);
    while ((sample = l4_film_next (film, &error)) != NULL)
      gst_sample_unref (sample);
    g_assert_error (error, L4_FILM_ERROR, L4_FILM_ERROR_CHANGED);
    g_assert_nonnull (strstr (error->message, changes[i].says));
  }
}

static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Film) film = l4_film_open (film_contain ("c.mp4"), cancellable, &error);
  GstSample *sample;

  g_assert_no_error (error);
  g_assert_true (l4_film_start (film, L4_FILM_DECODE_ALL, 0, 4 * GST_SECOND, 4, &error));
  sample = l4_film_next (film, &error);
  g_assert_nonnull (sample);
  gst_sample_unref (sample);
  g_cancellable_cancel (cancellable);
  g_assert_null (l4_film_next (film, &error));
  g_assert_error (error, L4_FILM_ERROR, L4_FILM_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (l4_film_open (film_contain ("c.mp4"), cancellable, &error));
  g_assert_error (error, L4_FILM_ERROR, L4_FILM_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (l4_film_get_key (film_contain ("c.mp4"), cancellable, &error));
  g_assert_error (error, L4_FILM_ERROR, L4_FILM_ERROR_CANCELLED);
}

/* The disk gives nothing at the N-th read, for each N that there is: never a film that ends early without a word. */
static void
test_read_errors (void)
{
  static const char *const names[] = { "c.mp4", "c.mkv", "c.ts", "c.avi", NULL };

  for (guint n = 0; names[n] != NULL; n++) {
    const char *path = film_contain (names[n]);
    gboolean failed = TRUE;
    gint i;

    for (i = 1; failed; i++) {
      g_autoptr (GError) error = NULL;
      g_autoptr (L4Film) film = NULL;
      GstSample *sample;

      n_reads = 0;
      failing_read = i;
      film = l4_film_open (path, NULL, &error);
      if (film != NULL && l4_film_start (film, L4_FILM_DECODE_KEYS, 0, 4 * GST_SECOND, 4, &error))
        while ((sample = l4_film_next (film, &error)) != NULL)
          gst_sample_unref (sample);
      failed = n_reads >= i;
      if (failed)
        g_assert_error (error, L4_FILM_ERROR, L4_FILM_ERROR_IO);
      else
        g_assert_no_error (error);
    }
    failing_read = 0;
    g_test_message ("%s: %d reads", names[n], i);
    g_assert_cmpint (i, >, 3);
  }
}

/* Hostile files -------------------------------------------------------------------------------------------------------------------- */

/* Opens and reads whatever is there, a few hundred pictures at most; an error has a line. */
static void
try_to_read (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Film) film = l4_film_open (path, NULL, &error);
  guint64 last = 0;

  if (film != NULL && l4_film_start (film, L4_FILM_DECODE_AUTO, 0, 4 * GST_SECOND, 4, &error))
    for (guint i = 0; i < 300 && error == NULL; i++) {
      GstSample *sample = l4_film_next (film, &error);

      if (sample == NULL)
        break;
      g_assert_true (i == 0 || GST_BUFFER_PTS (gst_sample_get_buffer (sample)) > last);
      last = GST_BUFFER_PTS (gst_sample_get_buffer (sample));
      gst_sample_unref (sample);
    }
  g_assert_true (error == NULL || (error->domain == L4_FILM_ERROR && error->message[0] != '\0'));
}

static void
test_bits_that_are_wrong_anywhere (void)
{
  static const char *const names[] = { "c.mp4", "c.mkv", "c.ts", "c.avi", "c.flv", "c.mpg", "vp8.webm", "c.ogv", "c.wmv", "c.gif", "c.nut",
    "c.h264", NULL
  };

  for (guint n = 0; names[n] != NULL; n++) {
    g_autofree char *bytes = NULL;
    gsize length;

    g_assert_true (g_file_get_contents (film_contain (names[n]), &bytes, &length, NULL));
    for (guint seed = 0; seed < 8; seed++) {
      g_autofree char *wrong = g_memdup2 (bytes, length), *name = g_strconcat ("wrong-", names[n], NULL);
      g_autoptr (GRand) random = g_rand_new_with_seed (seed);
      const gsize end = seed % 2 ? length : MIN (length, 4000);       /* every other time the head only */

      for (guint i = 0; i < 10; i++)
        wrong[g_rand_int_range (random, 0, end)] = g_rand_int (random);
      try_to_read (film_write (name, wrong, seed % 4 == 3 ? length * 2 / 3 : length));
    }
  }
}

static guint
count_files (void)
{
  g_autoptr (GDir) files = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (files) != NULL)
    n++;
  return n;
}

static void
test_nothing_stays_open (void)
{
  const guint before = count_files ();
  g_autoptr (GArray) shown = film_read_all (film_contain ("c.mkv"));
  g_autofree char *key = l4_film_get_key (film_contain ("c.mkv"), NULL, NULL);

  assert_fails (film_write ("text.mp4", "This is text. It is no film.\n", -1), L4_FILM_ERROR_FORMAT, "is no film");
  assert_fails (film_make ("sound.m4a", "-f lavfi -i sine=d=1 -c:a aac"), L4_FILM_ERROR_NO_VIDEO, "no film");
  g_assert_cmpuint (count_files (), ==, before);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  films_begin ();
  g_test_add_func ("/film/errors/nothing-there", test_nothing_there);
  g_test_add_func ("/film/errors/names-are-bytes", test_names_are_bytes);
  g_test_add_func ("/film/errors/what-is-no-file-is-not-waited-for", test_what_is_no_file);
  g_test_add_func ("/film/errors/what-is-no-film-whatever-it-is-called", test_what_is_no_film);
  g_test_add_func ("/film/errors/no-picture-that-can-be-decoded", test_no_picture_can_be_decoded);
  g_test_add_func ("/film/errors/unknown-codecs-are-named", test_unknown_codecs_are_named);
  g_test_add_func ("/film/errors/encrypted-films", test_encrypted_films);
  g_test_add_func ("/film/errors/lists-open-no-other-files", test_lists_open_no_other_files);
  g_test_add_func ("/film/errors/changed-while-it-is-read", test_changed_while_read);
  g_test_add_func ("/film/errors/cancelled", test_cancelled);
  g_test_add_func ("/film/errors/no-read-fails-without-a-word", test_read_errors);
  g_test_add_func ("/film/errors/bits-that-are-wrong-anywhere", test_bits_that_are_wrong_anywhere);
  g_test_add_func ("/film/errors/nothing-stays-open", test_nothing_stays_open);
  status = g_test_run ();
  films_end ();
  return status;
}
