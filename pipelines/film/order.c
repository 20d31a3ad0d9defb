/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When pictures are shown, for containers that only tell when they are decoded. */

#include "film/order.h"

#define MAX_SET 64              /* packets; more than any codec puts in another order */

typedef struct
{
  AVPacket *packet;
  int rank;                     /* within its set, in the order in which they are shown */
} Picture;

struct _L4Order
{
  AVCodecParserContext *parser; /* NULL: FFmpeg has none; pictures are shown as they come */
  AVCodecContext *context;
  gboolean counts;              /* the parser tells the place of each picture, not only which ones are shown before */
  GArray *set;                  /* of Picture */
};

static void
clear_picture (gpointer data)
{
  Picture *picture = data;

  av_packet_free (&picture->packet);
}

L4Order *
l4_order_new (const AVStream *stream)
{
  L4Order *self = g_new0 (L4Order, 1);
  const enum AVCodecID codec = stream->codecpar->codec_id;

  self->set = g_array_new (FALSE, FALSE, sizeof (Picture));
  g_array_set_clear_func (self->set, clear_picture);
  self->counts = codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC;
  self->parser = av_parser_init (codec);
  self->context = avcodec_alloc_context3 (NULL);
  if (self->parser != NULL)
    self->parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  if (self->context != NULL)
    avcodec_parameters_to_context (self->context, stream->codecpar);
  return self;
}

void
l4_order_free (L4Order *self)
{
  if (self == NULL)
    return;
  if (self->parser != NULL)
    av_parser_close (self->parser);
  avcodec_free_context (&self->context);
  g_array_unref (self->set);
  g_free (self);
}

void
l4_order_reset (L4Order *self)
{
  g_array_set_size (self->set, 0);
}

static const Picture *
nth (const L4Order *self, guint n)
{
  return &g_array_index (self->set, Picture, n);
}

static int
compare_times (gconstpointer one, gconstpointer other)
{
  const gint64 a = *(const gint64 *) one, b = *(const gint64 *) other;

  return (a > b) - (a < b);
}

/* How many of the set are shown before its n-th. */
static guint
place_of (const L4Order *self, guint n)
{
  guint place = 0;

  for (guint i = 0; i < self->set->len; i++)
    place += nth (self, i)->rank < nth (self, n)->rank || (nth (self, i)->rank == nth (self, n)->rank && i < n);
  return place;
}

static void
close_set (L4Order *self, GQueue *ready)
{
  gint64 *times = g_newa (gint64, MAX_SET);

  for (guint i = 0; i < self->set->len; i++)
    times[i] = nth (self, i)->packet->dts;
  qsort (times, self->set->len, sizeof *times, compare_times);
  for (guint i = 0; i < self->set->len; i++)
    nth (self, i)->packet->pts = times[place_of (self, i)];
  for (guint i = 0; i < self->set->len; i++)
    g_queue_push_tail (ready, g_steal_pointer (&g_array_index (self->set, Picture, i).packet));
  g_array_set_size (self->set, 0);
}

/* Where the picture is shown among those around it. Where the parser only knows that some are shown earlier these keep their order
 * below the one they follow. */
static int
find_rank (L4Order *self, const AVPacket *packet)
{
  guint8 *data;
  int size;

  if (self->parser == NULL || self->context == NULL)
    return G_MAXINT;
  av_parser_parse2 (self->parser, self->context, &data, &size, packet->data, packet->size, packet->pts, packet->dts, packet->pos);
  if (self->counts)
    return self->parser->output_picture_number;
  return self->parser->pict_type == AV_PICTURE_TYPE_B ? (int) self->set->len - MAX_SET : G_MAXINT;
}

/* A key frame leads a set, and so does what is shown after the one that leads now. */
static gboolean
leads (const L4Order *self, const AVPacket *packet, int rank)
{
  if (self->set->len == 0 || (packet->flags & AV_PKT_FLAG_KEY) || self->set->len >= MAX_SET)
    return TRUE;
  return rank == G_MAXINT || (self->counts && rank > nth (self, 0)->rank);
}

void
l4_order_put (L4Order *self, AVPacket *packet, GQueue *ready)
{
  Picture picture = {.packet = packet };

  if (packet == NULL) {
    close_set (self, ready);
    return;
  }
  if (packet->dts == AV_NOPTS_VALUE) {  /* nothing to tell it by */
    close_set (self, ready);
    g_queue_push_tail (ready, packet);
    return;
  }
  picture.rank = find_rank (self, packet);
  if (leads (self, packet, picture.rank))
    close_set (self, ready);
  if (!self->counts && self->set->len == 0)
    picture.rank = G_MAXINT;
  g_array_append_val (self->set, picture);
}
