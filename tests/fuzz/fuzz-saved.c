/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a saved conversation, of which the identity and the sums before the keys are made right: so the rest is looked at, too. */

#include <string.h>

#include "engine/llama.h"
#include "fuzz/fuzz.h"

/* Places in the file (engine/saved.c). */
enum
{
  PLACES_SUM = 20,
  N_TOKENS = 24,
  BYTES = 32,
  IDENTITY = 40,
  SUM = 108,
  HEADER = 112,
  PLACE = 48
};

/* CRC-32C, bit by bit. */
static guint32
check_sum (const guint8 *data, gsize n)
{
  guint32 sum = ~0u;

  for (gsize i = 0; i < n; i++) {
    sum ^= data[i];
    for (guint bit = 0; bit < 8; bit++)
      sum = sum >> 1 ^ (sum & 1 ? 0x82f63b78 : 0);
  }
  return ~sum;
}

static const L4Llama *
the_model (void)
{
  static L4Llama *model;

  if (model == NULL) {
    g_autofree char *path = g_build_filename (g_getenv ("LLAMA4_DATA_DIR"), "embedded", NULL);
    const L4LoadOptions options = {.model_path = path,.threads = 1 };

    model = l4_llama_load (&options, L4_PRECISION_BF16, NULL, NULL, NULL, NULL);
  }
  if (model == NULL)
    g_error ("no model");
  return model;
}

static void
make_right (const L4Llama *model, guint8 *data, gsize size)
{
  guint64 n_tokens;
  guint32 sum;

  if (size < HEADER)
    return;
  memcpy (&n_tokens, data + N_TOKENS, sizeof n_tokens);
  memcpy (data + IDENTITY, l4_llama_identity ((L4Llama *) model), 64);
  if (n_tokens < (size - HEADER) / PLACE) {
    sum = check_sum (data + HEADER, n_tokens * PLACE);
    memcpy (data + PLACES_SUM, &sum, sizeof sum);
  }
  sum = check_sum (data, SUM);
  memcpy (data + SUM, &sum, sizeof sum);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const L4Llama *model = the_model ();
  gpointer session = l4_llama_session_new ((L4Llama *) model);

  for (guint right = 0; right < 2; right++)
    for (gboolean int8 = FALSE; int8 <= TRUE; int8++) {
      g_autofree guint8 *copy = g_memdup2 (data, size);
      g_autoptr (GError) error = NULL;
      const char *path;
      gboolean good;

      if (right)
        make_right (model, copy, size);
      fuzz_file (copy, size, &path);
      good = l4_llama_load_session (session, path, int8, &error);
      g_assert (good == (error == NULL));
    }
  l4_llama_session_free (session);
  return 0;
}
