/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Antialiased bilinear resize of 8-bit RGB in fixed point, to the bit what Pillow computes. */

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "vision/picture.h"

#define CHANNELS 3
#define WEIGHT_BITS 22          /* of a weight's fraction; weight * 255 * rounding stay within 31 bits */
#define HALF (1 << (WEIGHT_BITS - 1))

/* Which samples of one axis make which: output i = sum over j of weights[i * most + j] * input[first[i] + j], j < count[i]. */
typedef struct
{
  guint n_out;
  guint most;                   /* largest count */
  guint *first;                 /* [n_out] */
  guint *count;                 /* [n_out] */
  gint32 *weights;              /* [n_out, most] */
} Taps;

static void
taps_clear (Taps *taps)
{
  l4_free (taps->first);
  l4_free (taps->count);
  l4_free (taps->weights);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Taps, taps_clear)

/* Triangle filter around the middle of output i; scratch: [taps->most]. */
static void
fill_tap (Taps *taps, guint n_in, guint i, double *scratch)
{
  double scale = (double) n_in / taps->n_out, support = MAX (scale, 1), middle = (i + 0.5) * scale, sum = 0;
  gint64 first = MAX ((gint64) (middle - support + 0.5), 0);
  gint64 end = MIN ((gint64) (middle + support + 0.5), (gint64) n_in);

  for (gint64 j = first; j < end; j++) {
    double weight = 1 - fabs (((double) j - middle + 0.5) * (1 / support));

    scratch[j - first] = MAX (weight, 0);
    sum += scratch[j - first];
  }
  taps->first[i] = (guint) first;
  taps->count[i] = (guint) (end - first);
  for (gint64 j = 0; j < end - first; j++)
    taps->weights[(gsize) i * taps->most + (gsize) j] = (gint32) (0.5 + scratch[j] / sum * (1 << WEIGHT_BITS));
}

static gboolean
taps_init (Taps *taps, guint n_in, guint n_out, GError **error)
{
  guint most = 2 * (guint) ceil (MAX ((double) n_in / n_out, 1)) + 1;
  gint64 dims[] = { n_out, most };
  l4_autofree double *scratch = NULL;
  gsize bytes;

  *taps = (Taps) {.n_out = n_out,.most = most };
  if (!l4_checked_product (dims, 2, sizeof *taps->weights, &bytes))
    return l4_fail (error, L4_ERROR_MEMORY, _("resizing %u to %u pixels does not fit"), n_in, n_out);
  scratch = l4_alloc (most * sizeof *scratch, "filter", error);
  if (scratch == NULL || (taps->first = l4_alloc (n_out * sizeof *taps->first, "filter", error)) == NULL
      || (taps->count = l4_alloc (n_out * sizeof *taps->count, "filter", error)) == NULL
      || (taps->weights = l4_alloc (bytes, "filter", error)) == NULL)
    return FALSE;
  for (guint i = 0; i < n_out; i++)
    fill_tap (taps, n_in, i, scratch);
  return TRUE;
}

static inline guint8
to_sample (gint32 sum)
{
  return (guint8) CLAMP (sum >> WEIGHT_BITS, 0, 255);
}

/* One row: in [n_in, 3] to out [n_out, 3]. */
static void
resize_row (const Taps *taps, const guint8 *in, guint8 *out)
{
  for (guint i = 0; i < taps->n_out; i++) {
    const gint32 *weights = taps->weights + (gsize) i * taps->most;
    const guint8 *from = in + (gsize) taps->first[i] * CHANNELS;
    gint32 red = HALF, green = HALF, blue = HALF;

    for (guint j = 0; j < taps->count[i]; j++, from += CHANNELS) {
      red += weights[j] * from[0];
      green += weights[j] * from[1];
      blue += weights[j] * from[2];
    }
    *out++ = to_sample (red);
    *out++ = to_sample (green);
    *out++ = to_sample (blue);
  }
}

/* Output row i of the other pass: rows of n samples from `in` on, stride bytes apart; sums: [n]. */
static void
mix_rows (const Taps *taps, guint i, const guint8 *in, gsize stride, gsize n, gint32 *sums, guint8 *out)
{
  for (gsize k = 0; k < n; k++)
    sums[k] = HALF;
  for (guint j = 0; j < taps->count[i]; j++) {
    const guint8 *row = in + (taps->first[i] + j) * stride;
    gint32 weight = taps->weights[(gsize) i * taps->most + j];

    for (gsize k = 0; k < n; k++)
      sums[k] += weight * row[k];
  }
  for (gsize k = 0; k < n; k++)
    out[k] = to_sample (sums[k]);
}

/* To width columns; out: [picture->height, width, 3]. */
static gboolean
resize_columns (const L4Picture *picture, guint width, guint8 *out, GError **error)
{
  g_auto (Taps) taps = { 0 };
  gsize row_bytes = (gsize) width * CHANNELS;

  if (width == picture->width) {
    for (gsize y = 0; y < picture->height; y++)
      memcpy (out + y * row_bytes, picture->pixels + y * picture->stride, row_bytes);
    return TRUE;
  }
  if (!taps_init (&taps, picture->width, width, error))
    return FALSE;
  for (gsize y = 0; y < picture->height; y++)
    resize_row (&taps, picture->pixels + y * picture->stride, out + y * row_bytes);
  return TRUE;
}

/* To height rows; out: [height, picture->width, 3]. */
static gboolean
resize_rows (const L4Picture *picture, guint height, guint8 *out, GError **error)
{
  g_auto (Taps) taps = { 0 };
  l4_autofree gint32 *sums = NULL;
  gsize n = (gsize) picture->width * CHANNELS;

  sums = l4_alloc (n * sizeof *sums, "resized picture", error);
  if (sums == NULL || !taps_init (&taps, picture->height, height, error))
    return FALSE;
  for (guint y = 0; y < height; y++)
    mix_rows (&taps, y, picture->pixels, picture->stride, n, sums, out + y * n);
  return TRUE;
}

gboolean
l4_picture_resize (const L4Picture *picture, guint width, guint height, guint8 *out, GError **error)
{
  gint64 dims[] = { picture->height, width, CHANNELS };
  l4_autofree guint8 *narrowed = NULL;
  L4Picture between;
  gsize bytes;

  if (width == 0 || height == 0)
    return l4_fail (error, L4_ERROR_INPUT, _("a picture cannot be resized to %u x %u pixels"), width, height);
  if (height == picture->height)
    return resize_columns (picture, width, out, error);
  if (width == picture->width)
    return resize_rows (picture, height, out, error);
  if (!l4_checked_product (dims, 3, 1, &bytes))
    return l4_fail (error, L4_ERROR_MEMORY, _("a picture of %u x %u pixels does not fit"), width, picture->height);
  narrowed = l4_alloc (bytes, "resized picture", error);
  if (narrowed == NULL || !resize_columns (picture, width, narrowed, error))
    return FALSE;
  between = (L4Picture) {.pixels = narrowed,.width = width,.height = picture->height,.stride = (gsize) width * CHANNELS };
  return resize_rows (&between, height, out, error);
}
