/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a film is encrypted. */

#include "film/secret.h"

#include <string.h>

#include <libavcodec/avcodec.h>

#define SAMPLE (2 << 20)        /* bytes of a transport stream that tell what it is like */

gboolean
l4_reader_is_encrypted (L4Reader *self)
{
  const AVCodecParameters *codec = self->stream->codecpar;
  const AVPacket *first = l4_reader_peek (self, 0, NULL);

  return av_packet_side_data_get (codec->coded_side_data, codec->nb_coded_side_data, AV_PKT_DATA_ENCRYPTION_INIT_INFO) != NULL
      || (first != NULL && av_packet_get_side_data (first, AV_PKT_DATA_ENCRYPTION_INFO, NULL) != NULL);
}

/* From one packet of a transport stream to the next: some recorders put a time before each, some a sum behind it. 0: it is none. */
static gsize
find_step (const guint8 *bytes, gsize size, gsize *start)
{
  static const gsize steps[] = { 188, 192, 204 };

  for (*start = 0; *start < 204; (*start)++)
    for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
      if (*start + 4 * steps[i] < size && bytes[*start] == 0x47 && bytes[*start + steps[i]] == 0x47 && bytes[*start + 2 * steps[i]] == 0x47
          && bytes[*start + 3 * steps[i]] == 0x47)
        return steps[i];
  return 0;
}

gboolean
l4_reader_is_scrambled (L4Reader *self)
{
  g_autofree guint8 *bytes = g_malloc (SAMPLE);
  gsize size = 0, start, step, n = 0, n_scrambled = 0;

  if (strcmp (self->demuxer->iformat->name, "mpegts") != 0 || !l4_source_read (self->source, 0, bytes, SAMPLE, &size, NULL))
    return FALSE;
  step = find_step (bytes, size, &start);
  for (gsize at = start; step > 0 && at + 4 <= size; at += step)
    if (bytes[at] == 0x47 && ((bytes[at + 1] & 0x1f) << 8 | bytes[at + 2]) == self->stream->id) {
      n++;
      n_scrambled += (bytes[at + 3] & 0xc0) != 0;
    }
  return n_scrambled > n / 2;
}
