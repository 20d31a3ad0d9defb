/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decoders for the packets of a film: one for groups that are decoded as a whole, and some beside each other for lone key frames. */

#pragma once

#include <glib.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

G_BEGIN_DECLS

typedef struct _L4FilmDecoder L4FilmDecoder;

/* threads 0: as many as are useful. NULL: there is no decoder, or it cannot be opened. */
L4FilmDecoder *l4_film_decoder_new (const AVStream *stream, guint threads);
void l4_film_decoder_free (L4FilmDecoder *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4FilmDecoder, l4_film_decoder_free)

/* The next packet, to be called when no picture can be taken. alone: a key frame of whose group nothing else is given. NULL: no further
 * one comes. (packet: transfer full) */
void l4_film_decoder_give (L4FilmDecoder *self, AVPacket *packet, gboolean alone);
/* The next picture, in the order in which they are shown. NULL: none is there before more is given. (transfer full) */
AVFrame *l4_film_decoder_take (L4FilmDecoder *self);
/* Whether the last picture was taken. */
gboolean l4_film_decoder_has_ended (const L4FilmDecoder *self);

/* Packets of which no picture came, or that the decoder refused. */
guint64 l4_film_decoder_get_damaged (const L4FilmDecoder *self);

/* When it is shown, in the stream's time base; AV_NOPTS_VALUE: not known. */
gint64 l4_frame_stamp (const AVFrame *frame);

G_END_DECLS
