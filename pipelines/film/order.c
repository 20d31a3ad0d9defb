/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When pictures are shown, for containers that only tell when they are decoded. */

#include "film/order.h"

#define MAX_SET 64              /* packets; more than any codec puts in another order */
#define MAX_DELAY 16            /* likewise */

typedef struct
{
  AVPacket *packet;
  int rank;                     /* within its set, in the order in which they are shown */
  guint64 place;                /* among all, in that order */
} Picture;

struct _L4Order
{
  AVCodecParserContext *parser; /* NULL: FFmpeg has none; pictures are shown as they come */
  AVCodecContext *context;
  gboolean counts;              /* the parser tells the place of each picture, not only which ones are shown before */
  guint delay;                  /* how many places earlier than shown a picture is decoded */
  GArray *set;                  /* of Picture: the last set, which may go on */
  GQueue known;                 /* of Picture: those before, whose place is known, but not yet the time */
  GArray *times;                /* gint64: when pictures are decoded, from the one of number first_time on */
  guint64 first_time, n_put;
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
  self->times = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->delay = CLAMP (stream->codecpar->video_delay, 0, MAX_DELAY);
  g_queue_init (&self->known);
  self->counts = codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC;
  self->parser = av_parser_init (codec);
  self->context = avcodec_alloc_context3 (NULL);
  if (self->parser != NULL)
    self->parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  if (self->context != NULL)
    avcodec_parameters_to_context (self->context, stream->codecpar);
  return self;
}

static void
free_picture (gpointer picture)
{
  clear_picture (picture);
  g_free (picture);
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
  g_array_unref (self->times);
  g_queue_clear_full (&self->known, free_picture);
  g_free (self);
}

void
l4_order_reset (L4Order *self)
{
  g_array_set_size (self->set, 0);
  g_array_set_size (self->times, 0);
  g_queue_clear_full (&self->known, free_picture);
  self->first_time = self->n_put = 0;
}

static const Picture *
nth (const L4Order *self, guint n)
{
  return &g_array_index (self->set, Picture, n);
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
close_set (L4Order *self)
{
  const guint64 first = self->n_put - self->set->len;

  for (guint i = 0; i < self->set->len; i++)
    g_array_index (self->set, Picture, i).place = first + place_of (self, i);
  for (guint i = 0; i < self->set->len; i++) {
    Picture *picture = &g_array_index (self->set, Picture, i);

    g_queue_push_tail (&self->known, g_memdup2 (picture, sizeof *picture));
    picture->packet = NULL;
  }
  g_array_set_size (self->set, 0);
}

/* Those whose time is known by now go on. */
static void
release (L4Order *self, GQueue *ready)
{
  Picture *picture;

  while ((picture = g_queue_peek_head (&self->known)) != NULL) {
    const guint64 n = picture->place + self->delay - self->first_time;

    if (n >= self->times->len)
      return;
    picture->packet->pts = g_array_index (self->times, gint64, n);
    g_queue_push_tail (ready, g_steal_pointer (&picture->packet));
    free_picture (g_queue_pop_head (&self->known));
  }
}

static void
add_time (L4Order *self, gint64 time)
{
  const guint many = 8 * (MAX_SET + MAX_DELAY);

  g_array_append_val (self->times, time);
  if (self->times->len > many) {        /* nobody asks for the oldest any more */
    g_array_remove_range (self->times, 0, many / 2);
    self->first_time += many / 2;
  }
}

/* At the end the last time goes on as it went. */
static void
finish (L4Order *self, GQueue *ready)
{
  const guint n = self->times->len;
  const gint64 last = n > 0 ? g_array_index (self->times, gint64, n - 1) : 0;
  const gint64 step = n > 1 ? last - g_array_index (self->times, gint64, n - 2) : 1;

  close_set (self);
  for (guint i = 1; n > 0 && i <= self->delay; i++)
    add_time (self, last + i * step);
  release (self, ready);
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
    finish (self, ready);
    return;
  }
  picture.rank = find_rank (self, packet);
  if (leads (self, packet, picture.rank))
    close_set (self);
  if (!self->counts && self->set->len == 0)
    picture.rank = G_MAXINT;
  g_array_append_val (self->set, picture);
  if (packet->dts == AV_NOPTS_VALUE)    /* as the one before */
    packet->dts = self->times->len > 0 ? g_array_index (self->times, gint64, self->times->len - 1) : 0;
  add_time (self, packet->dts);
  self->n_put++;
  release (self, ready);
}
