/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a film is known by, wherever it lies. */

#include "film/media.h"

#define N_SAMPLES 32
#define SAMPLE (64 << 10)       /* bytes */
#define DIGITS 32               /* of the hash: 128 bits */

/* Adds that part of the media data, which may lie in several ranges, to the sum. */
static gboolean
add_part (GChecksum *sum, L4Source *source, const GArray *ranges, guint64 offset, guint64 size, guint8 *buffer, GError **error)
{
  for (guint i = 0; i < ranges->len && size > 0; i++) {
    const L4Range *range = &g_array_index (ranges, L4Range, i);
    gsize wanted = offset < range->size ? MIN (size, range->size - offset) : 0, got = 0;

    if (wanted > 0 && !l4_source_read (source, range->offset + offset, buffer, wanted, &got, error))
      return FALSE;
    g_checksum_update (sum, buffer, got);
    size -= wanted;
    offset = wanted > 0 ? 0 : offset - range->size;
  }
  return TRUE;
}

/* Samples lie evenly from the first byte to the last. */
static gboolean
add_samples (GChecksum *sum, L4Source *source, const GArray *ranges, guint64 total, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (SAMPLE);
  const gboolean all = total <= (guint64) N_SAMPLES * SAMPLE;
  const guint64 n_samples = all ? (total + SAMPLE - 1) / SAMPLE : N_SAMPLES, last = total > SAMPLE ? total - SAMPLE : 0;

  for (guint64 i = 0; i < n_samples; i++) {
    const guint64 offset = all ? i * SAMPLE : gst_util_uint64_scale (last, i, N_SAMPLES - 1);

    if (!add_part (sum, source, ranges, offset, MIN (SAMPLE, total - offset), buffer, error))
      return FALSE;
  }
  return TRUE;
}

char *
l4_film_get_key (const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (L4Source) source = l4_source_open (path, cancellable, error);
  g_autoptr (GByteArray) also = g_byte_array_new ();
  g_autoptr (GArray) ranges = source != NULL ? l4_media_find (source, also, error) : NULL;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint64 total = 0;

  if (ranges == NULL)
    return NULL;
  for (guint i = 0; i < ranges->len; i++)
    total += g_array_index (ranges, L4Range, i).size;
  g_checksum_update (sum, also->data, also->len);
  if (!add_samples (sum, source, ranges, total, error) || !l4_source_check (source, error))
    return NULL;
  return g_strdup_printf ("%" G_GUINT64_FORMAT "-%.*s", total, DIGITS, g_checksum_get_string (sum));
}
