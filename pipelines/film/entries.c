/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entries of a container's index: where it says key frames are, which is not to be trusted. */

#include "film/entries.h"

#include <string.h>

#define MAX_KEY (64 << 20)      /* bytes of a picture that an index leads to */

/* The number of the next key frame's entry in the index after that one; -1: there is none. */
static int
find_key_entry (const L4Reader *self, int entry)
{
  const int n = avformat_index_get_entries_count (self->stream);

  for (entry++; entry < n; entry++)
    if (avformat_index_get_entry (self->stream, entry)->flags & AVINDEX_KEYFRAME)
      return entry;
  return -1;
}

/* The number of the packet's own. Of the containers with an index only an MP4's lists every picture, from the start. */
static int
find_entry (const L4Reader *self, const AVPacket *packet)
{
  if (strstr (self->demuxer->iformat->name, "mp4") == NULL || self->stream->nb_frames <= 0 || packet->dts == AV_NOPTS_VALUE)
    return -1;
  return av_index_search_timestamp (self->stream, packet->dts, AVSEEK_FLAG_BACKWARD | AVSEEK_FLAG_ANY);
}

static int
find_key_entry_after (const L4Reader *self, const AVPacket *packet)
{
  const int entry = find_entry (self, packet);

  return entry >= 0 ? find_key_entry (self, entry) : -1;
}

/* When the picture of that place in the file is shown, but for a constant: where pictures are put in another order, each is decoded as
 * many places earlier as the order needs. */
static gint64
shown_at (const L4Reader *self, int entry)
{
  const int last = avformat_index_get_entries_count (self->stream) - 1;

  return avformat_index_get_entry (self->stream, MIN (entry + self->stream->codecpar->video_delay, last))->timestamp;
}

/* Whether what the index calls a key frame is one. */
static gboolean
is_real_key (const L4Reader *self, int entry)
{
  const AVIndexEntry *key = avformat_index_get_entry (self->stream, entry);
  g_autofree guint8 *bytes = NULL;
  gsize got;

  if (self->keys == NULL || key->size < 0 || key->size > MAX_KEY)
    return TRUE;
  bytes = g_malloc0 (key->size + AV_INPUT_BUFFER_PADDING_SIZE);
  return l4_source_read (self->source, key->pos, bytes, key->size, &got, NULL) && l4_keys_check (self->keys, bytes, got);
}

gboolean
l4_entries_get_gap (const L4Reader *self, const AVPacket *key, gint64 *gap)
{
  const int entry = find_entry (self, key);
  int after = find_key_entry_after (self, key);

  while (after >= 0 && !is_real_key (self, after))
    after = find_key_entry (self, after);
  if (after >= 0)
    *gap = l4_reader_time (self, self->zero + shown_at (self, after) - shown_at (self, entry));
  return after >= 0;
}

/* The demuxer takes some key frames only when a time is asked for at which they are shown: one in the middle of their group. */
gboolean
l4_entries_aim (const L4Reader *self, const AVPacket *packet, gint64 *time)
{
  const int n = avformat_index_get_entries_count (self->stream), key = find_key_entry_after (self, packet);
  int next = key >= 0 ? find_key_entry (self, key) : -1;

  if (key < 0)
    return FALSE;
  next = next >= 0 ? next : n;
  *time = avformat_index_get_entry (self->stream, key + (next - key) / 2)->timestamp;
  return TRUE;
}
