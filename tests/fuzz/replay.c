/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target without libFuzzer: over every file of a corpus, and over many damaged copies of each. */

#include <string.h>

#include "fuzz/fuzz.h"

#define MAX_DAMAGE 8            /* places in one copy */

static const guint8 edges[] = { 0x00, 0x01, 0x7f, 0x80, 0xff, '[', '{', '"' };

/* In memory of exactly its size, so that a sanitizer sees the first byte beyond. */
static void
run (const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = g_malloc (MAX (size, 1));

  memcpy (copy, data, size);
  LLVMFuzzerTestOneInput (copy, size);
}

static void
run_damaged (GRand *random, const guint8 *data, gsize size, gint n_copies)
{
  for (gint i = 0; i < n_copies && size > 0; i++) {
    g_autofree guint8 *copy = g_memdup2 (data, size);
    gsize length = size;

    for (gint k = g_rand_int_range (random, 1, MAX_DAMAGE + 1); k > 0; k--) {
      guint8 *at = copy + g_rand_int_range (random, 0, (gint32) size);

      *at = g_rand_boolean (random) ? edges[g_rand_int_range (random, 0, G_N_ELEMENTS (edges))] : *at ^ (1 << (k - 1));
    }
    if (i % 8 == 0)
      length = (gsize) g_rand_int_range (random, 0, (gint32) size);
    run (copy, length);
  }
}

int
main (int argc, char **argv)
{
  gint n_copies = argc > 2 ? (gint) g_ascii_strtoll (argv[2], NULL, 10) : 0;
  g_autoptr (GDir) corpus = argc > 1 ? g_dir_open (argv[1], 0, NULL) : NULL;
  GRand *random = g_rand_new_with_seed (1);
  const char *name;
  guint n = 0;

  if (corpus == NULL) {
    g_printerr ("usage: %s CORPUS [COPIES]\n", argv[0]);
    return 1;
  }
  run ((const guint8 *) "", 0);
  while ((name = g_dir_read_name (corpus)) != NULL) {
    g_autofree char *path = g_build_filename (argv[1], name, NULL);
    g_autofree char *data = NULL;
    gsize size;

    g_assert (g_file_get_contents (path, &data, &size, NULL));
    run ((const guint8 *) data, size);
    run_damaged (random, (const guint8 *) data, size, n_copies);
    n++;
  }
  g_rand_free (random);
  g_print ("%u inputs, %d damaged copies of each\n", n, n_copies);
  return n > 0 ? 0 : 1;
}
