/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether what a container calls a key frame can be decoded alone. */

#include "film/keys.h"

#include <libavcodec/avcodec.h>

struct _L4Keys
{
  AVCodecParserContext *parser;
  AVCodecContext *context;
};

L4Keys *
l4_keys_new (const AVStream *stream)
{
  L4Keys *self;

  if (stream->codecpar->codec_id != AV_CODEC_ID_H264)
    return NULL;
  self = g_new0 (L4Keys, 1);
  self->parser = av_parser_init (AV_CODEC_ID_H264);
  self->context = avcodec_alloc_context3 (NULL);
  if (self->parser != NULL && self->context != NULL && avcodec_parameters_to_context (self->context, stream->codecpar) >= 0) {
    self->parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
    return self;
  }
  l4_keys_free (self);
  return NULL;
}

void
l4_keys_free (L4Keys *self)
{
  if (self == NULL)
    return;
  if (self->parser != NULL)
    av_parser_close (self->parser);
  avcodec_free_context (&self->context);
  g_free (self);
}

gboolean
l4_keys_check (L4Keys *self, const guint8 *bytes, gsize size)
{
  guint8 *data;
  int length;

  av_parser_parse2 (self->parser, self->context, &data, &length, bytes, (int) size, AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
  return self->parser->key_frame == 1 && self->parser->pict_type == AV_PICTURE_TYPE_I;
}
