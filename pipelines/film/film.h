/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file is, and its pictures in order: demuxed and decoded by FFmpeg's libraries, with times as players count them. */

#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* Why a file has nothing to describe. Messages are one line that names the file. */
#define L4_FILM_ERROR (l4_film_error_quark ())
typedef enum
{
  L4_FILM_ERROR_GONE,           /* not there, or not readable; a link to nothing, a link to itself */
  L4_FILM_ERROR_EMPTY,          /* no byte in it */
  L4_FILM_ERROR_FORMAT,         /* no film: unknown, or broken before the first picture */
  L4_FILM_ERROR_NO_VIDEO,       /* sound only; covers do not count */
  L4_FILM_ERROR_STILL,          /* one picture */
  L4_FILM_ERROR_ENCRYPTED,
  L4_FILM_ERROR_UNSUPPORTED,    /* a codec that FFmpeg cannot decode */
  L4_FILM_ERROR_CHANGED,        /* grew, shrank or was replaced while it was read */
  L4_FILM_ERROR_IO,
  L4_FILM_ERROR_CANCELLED
} L4FilmError;

GQuark l4_film_error_quark (void);

/* Which frames are decoded. */
typedef enum
{
  L4_FILM_DECODE_AUTO,          /* keys where they are dense enough for the window, all elsewhere */
  L4_FILM_DECODE_KEYS,          /* key frames only */
  L4_FILM_DECODE_ALL
} L4FilmDecode;

typedef struct
{
  const char *container;        /* FFmpeg's name: "mov", "matroska", "mpegts", "avi", … */
  const char *codec;            /* FFmpeg's name: "h264", … */
  guint width, height;          /* pixels, as coded */
  guint64 duration;             /* nanoseconds; 0: unknown */
  double frame_rate;            /* average; 0: unknown */
  guint n_audio, n_subtitles;   /* streams beside the film's */
} L4FilmFacts;

/* One open file. Used by one thread at a time; the film is the first video stream that is no cover. */
typedef struct _L4Film L4Film;

L4Film *l4_film_open (const char *path, GCancellable *cancellable, GError **error);
void l4_film_close (L4Film *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Film, l4_film_close)

const L4FilmFacts *l4_film_get_facts (const L4Film *self);

/* Whether what was opened has that size and time (nanoseconds since 1970) still and lies anywhere, though another file may lie at its path. */
gboolean l4_film_is (const L4Film *self, guint64 size, gint64 mtime);

/* For who reads the file's packets by FFmpeg: the film's stream, and the time stamp in its unit that the film counts from. */
void l4_film_get_clock (const L4Film *self, int *stream, gint64 *zero);

/* Decodes from stream time `from` on (0: the beginning), for windows of that length with n_frames pictures each, nanoseconds. */
gboolean l4_film_start (L4Film *self, L4FilmDecode decode, guint64 from, guint64 window, guint n_frames, GError **error);

/* The next picture: caps (video/x-raw with the pixel aspect ratio), a buffer whose time stamp is the time that players show and whose
 * duration is that of the frame; in a segment from `from` on. Pictures turned by the file come with a tag in the sample's info
 * ("orientation", a GstVideoOrientationMethod). NULL without an error: the end. What is damaged within a film is passed over, as
 * players do, and counted. (transfer full) */
GstSample *l4_film_next (L4Film *self, GError **error);

/* Since l4_film_start(): damaged packets or frames passed over, and pictures decoded. */
void l4_film_get_counts (const L4Film *self, guint64 *damaged, guint64 *decoded);

/* What a file's content is known by, whatever its name: "SIZE-HASH", the hash over samples of its whole length. For containers where
 * that can be told, what holds only metadata is left out, so that editing tags at the end makes no other film. (transfer full) */
char *l4_film_get_key (const char *path, GCancellable *cancellable, GError **error);

G_END_DECLS
