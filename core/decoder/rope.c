/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rotary positions of the decoder: interleaved pairs, with or without llama3 frequency scaling. */

#include "decoder/rope.h"

#include <math.h>

#include "base/memory.h"

/* Long wavelengths are divided by factor, short ones kept, those between blended. */
static double
scaled_frequency (const L4RopeConfig *rope, double frequency)
{
  double wavelength = 2 * G_PI / frequency;
  double blend;

  if (wavelength < rope->original_context / rope->high_freq_factor)
    return frequency;
  if (wavelength > rope->original_context / rope->low_freq_factor || rope->high_freq_factor == rope->low_freq_factor)
    return frequency / rope->factor;
  blend = (rope->original_context / wavelength - rope->low_freq_factor) / (rope->high_freq_factor - rope->low_freq_factor);
  return (1 - blend) * frequency / rope->factor + blend * frequency;
}

double *
l4_rope_frequencies (const L4TextConfig *config, GError **error)
{
  gint64 n_pairs = config->head_dim / 2;
  double *frequencies = l4_alloc (n_pairs * sizeof (double), _("rotary positions"), error);

  if (frequencies == NULL)
    return NULL;
  for (gint64 i = 0; i < n_pairs; i++) {
    frequencies[i] = pow (config->rope.theta, -2.0 * i / config->head_dim);
    if (config->rope.factor > 0)
      frequencies[i] = scaled_frequency (&config->rope, frequencies[i]);
    if (config->rope.divisors != NULL)
      frequencies[i] /= config->rope.divisors[i];
  }
  return frequencies;
}

/* In float32 a position of ten million times a frequency is off by half a radian. */
void
l4_rope_angles (const double *frequencies, gint64 n_pairs, gint64 first, gint64 n, gint64 chunk, float *cosines, float *sines)
{
  for (gint64 t = 0; t < n; t++) {
    double position = chunk > 0 ? (first + t) % chunk : first + t;

    for (gint64 i = 0; i < n_pairs; i++) {
      double angle = position * frequencies[i];

      cosines[t * n_pairs + i] = cos (angle);
      sines[t * n_pairs + i] = sin (angle);
    }
  }
}

/* 1 + attn_scale * ln (floor ((p + 1) / floor_scale) + 1). In float32 the quotient could reach the next whole number too early. */
float
l4_rope_temperature (const L4TextConfig *config, gint64 position)
{
  return 1 + config->attn_scale * log (floor ((double) (position + 1) / config->floor_scale) + 1);
}
