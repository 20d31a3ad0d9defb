/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of a file's streams a container holds, and how they are set up there. */

#pragma once

#include "mux/mux.h"

#include <libavformat/avformat.h>

G_BEGIN_DECLS

typedef struct
{
  const AVFormatContext *demuxer;
  int film;                     /* index of its stream */
  L4MuxKind kind;
  gboolean anew;                /* the film's pictures are encoded anew, as H.264 */
  const AVCodecParameters *encoded;     /* what they are then; NULL: not known yet */
  int *map;                     /* [streams of demuxer] index in the new file; -1: not there */
  GPtrArray *left_out;          /* of char *: what the container cannot hold */
} L4Streams;

/* Decides. FALSE: the film itself cannot be there. */
gboolean l4_streams_init (L4Streams *self, const AVFormatContext *demuxer, int film, L4MuxKind kind, gboolean anew);
void l4_streams_clear (L4Streams *self);

/* A muxer with those streams, tags and chapters, their times less base (nanoseconds); without its header. (transfer full) */
AVFormatContext *l4_streams_make_muxer (const L4Streams *self, gint64 base);

/* Of FFmpeg: "matroska". Of people: "Matroska". Of the stream of cues: "subrip". */
const char *l4_mux_format (L4MuxKind kind);
const char *l4_mux_name (L4MuxKind kind);
const char *l4_mux_codec (L4MuxKind kind);

G_END_DECLS
