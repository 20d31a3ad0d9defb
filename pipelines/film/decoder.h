/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A decoder for the packets of a film. */

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

/* Once no picture can be taken. NULL: no further one comes. FALSE: the packet is damaged, and passed over. */
gboolean l4_film_decoder_give (L4FilmDecoder *self, const AVPacket *packet);
/* NULL: none is there before more is given. (transfer full) */
AVFrame *l4_film_decoder_take (L4FilmDecoder *self);
/* Whether the last picture was taken. */
gboolean l4_film_decoder_has_ended (const L4FilmDecoder *self);

/* When it is shown, in the stream's time base. */
gint64 l4_frame_stamp (const AVFrame *frame);

G_END_DECLS
