/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The packets of a film, in the order of the file: demuxed, with times that never jump back. */

#pragma once

#include "film/keys.h"
#include "film/order.h"
#include "film/source.h"

#include <libavformat/avformat.h>

G_BEGIN_DECLS

/* Times of packets are in the stream's time base; l4_reader_time() tells what they are on the film's clock. */
typedef struct
{
  L4Source *source;
  AVIOContext *io;
  AVFormatContext *demuxer;
  AVStream *stream;             /* the film's */
  L4Order *order;               /* NULL: the container tells when pictures are shown */
  L4Keys *keys;                 /* NULL: key frames are what they are called */
  gboolean counts;              /* it tells no times at all */
  GQueue ahead;                 /* of AVPacket: read, but not handed out */
  gboolean all;                 /* of the other streams too */
  GQueue others;                /* of AVPacket: theirs, read but not handed out */
  gboolean begun;               /* packets were handed out */
  gboolean ended;
  guint n_failures;             /* in a row */
  gboolean jumps_fail;          /* the demuxer does not go where its index says */

  gint64 zero;                  /* what the film counts from */
  gint64 shift;                 /* what was added to time stamps at jumps, so far */
  gint64 last;                  /* decoding time of the packet before; AV_NOPTS_VALUE: none */
  gint64 last_duration;
  gint64 end;                   /* where the latest packet ends; AV_NOPTS_VALUE: not known */
  guint64 damaged;              /* packets that came broken, or not at all */
} L4Reader;

/* Opens the file and chooses the film's stream. Zero is not known yet: it is 0. */
L4Reader *l4_reader_open (const char *path, GCancellable *cancellable, GError **error);
/* The same for who takes the packets of all streams, with l4_reader_next_any(). It cannot seek. */
L4Reader *l4_reader_open_all (const char *path, GCancellable *cancellable, GError **error);
void l4_reader_close (L4Reader *self);  /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Reader, l4_reader_close)

/* The next packet; NULL: the end, or what went wrong. (transfer full) */
AVPacket *l4_reader_next (L4Reader *self, GError **error);
/* The next packet of any stream; of others than the film's as the file has it. (transfer full) */
AVPacket *l4_reader_next_any (L4Reader *self, GError **error);
/* The next packet of any stream, as the file has it; for who chooses. (transfer full) */
AVPacket *l4_reader_read_any (L4Reader *self, GError **error);
/* Takes such a packet that is not the film's. (packet: transfer full) */
void l4_reader_pass (L4Reader *self, AVPacket *packet);
/* The n-th of those that come next, which stay there; NULL: the end comes before it, or what went wrong. (transfer none) */
AVPacket *l4_reader_peek (L4Reader *self, guint n, GError **error);

/* To the beginning. */
gboolean l4_reader_rewind (L4Reader *self, GError **error);
/* To a key frame at `time` (nanoseconds) or before it, where the container can tell; to the beginning otherwise. */
gboolean l4_reader_seek (L4Reader *self, gint64 time, GError **error);
/* The next packet of a key frame, where what lies between may be left out; at the end of the film what comes after the last key frame is
 * read. NULL: the end, or what went wrong. (transfer full) */
AVPacket *l4_reader_next_key (L4Reader *self, GError **error);

/* Nanoseconds since zero, negative before it. */
gint64 l4_reader_time (const L4Reader *self, gint64 stamp);
/* When the packet is shown, or decoded where the container does not say. */
gint64 l4_packet_stamp (const AVPacket *packet);

/* Pictures a second on the average; 0: not known. */
AVRational l4_stream_rate (const AVStream *stream);

/* "mpegts" of FFmpeg's names for it. (transfer full) */
char *l4_reader_get_container (const L4Reader *self);

G_END_DECLS
