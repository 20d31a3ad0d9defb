/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A film's own streams in a file of another container, with cues as one more stream of subtitles, or with its pictures encoded anew:
 * everything else is copied as it is. */

#pragma once

#include "cues/cues.h"
#include "film/film.h"

#include <libavcodec/packet.h>
#include <libavcodec/codec_par.h>

G_BEGIN_DECLS

typedef enum
{
  L4_MUX_MKV,                   /* cues as SubRip */
  L4_MUX_MP4,                   /* as 3GPP timed text (tx3g) */
  L4_MUX_MOV,                   /* the same */
  L4_MUX_WEBM                   /* as WebVTT */
} L4MuxKind;

/* Pictures that take the place of the film's. */
typedef struct
{
  AVCodecParameters *(*begin) (gpointer data, GError **error);         /* (transfer full) */
  /* The next packet, in order of decoding, with times of the film in nanoseconds; NULL without an error: the end. (transfer full) */
  AVPacket *(*next) (gpointer data, GError **error);
  gpointer data;
} L4MuxPictures;

typedef struct
{
  const char *language;         /* a language tag */
  const char *title;            /* of the stream of cues */
  const L4MuxPictures *pictures;        /* NULL: the film's own are copied, with cues beside them */
} L4MuxOptions;

typedef struct _L4Mux L4Mux;

/* Opens the file once more, beside film, which tells which stream is the film and from where it counts. Fails, naming both, where the
 * container cannot hold the film. options: borrowed. */
L4Mux *l4_mux_new (const L4Film *film, const char *path, L4MuxKind kind, const L4MuxOptions *options, GCancellable *cancellable, GError **error);
void l4_mux_free (L4Mux *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Mux, l4_mux_free)

/* What the container cannot hold and is left out, a line each: "sound 2 (truehd)". (transfer none) */
GPtrArray *l4_mux_get_left_out (const L4Mux *self);

/* Whether the copy begins with what an edit list hides (of pictures that are encoded anew, with its sound): Matroska and WebM have no such lists. */
gboolean l4_mux_shows_hidden (const L4Mux *self);

/* Writes all of it to an empty file that can be read and sought in; once. name: of that file, for errors. progress (may be NULL) is told
 * the film's time from time to time. cues: NULL with pictures. */
gboolean l4_mux_write (L4Mux *self, int file, const char *name, GPtrArray *cues, void (*progress) (guint64 position, gpointer data),
    gpointer data, GError **error);

/* Packets that were so damaged that the container could not hold them, and were left out. */
guint l4_mux_get_damaged (const L4Mux *self);

G_END_DECLS
