/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picks the instruction set at run time. */

#include "kernels/kernels.h"

extern const L4Kernels l4_kernels_baseline, l4_kernels_avx2, l4_kernels_avx512;

static gboolean
can_run (const L4Kernels *table)
{
  __builtin_cpu_init ();
  if (table == &l4_kernels_avx512)
    return __builtin_cpu_supports ("x86-64-v4");
  if (table == &l4_kernels_avx2)
    return __builtin_cpu_supports ("x86-64-v3");
  return TRUE;
}

const L4Kernels *
l4_kernels_by_name (const char *name)
{
  static const L4Kernels *const tables[] = { &l4_kernels_avx512, &l4_kernels_avx2, &l4_kernels_baseline };

  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    if ((name == NULL || g_str_equal (tables[i]->name, name)) && can_run (tables[i]))
      return tables[i];
  return NULL;
}

const L4Kernels *
l4_kernels (void)
{
  static const L4Kernels *chosen = NULL;
  const L4Kernels *table = g_atomic_pointer_get (&chosen);

  if (table == NULL) {
    const char *name = g_getenv ("L4_CPU");

    table = name != NULL ? l4_kernels_by_name (name) : NULL;
    if (table == NULL)
      table = l4_kernels_by_name (NULL);
    g_atomic_pointer_set (&chosen, table);
  }
  return table;
}
