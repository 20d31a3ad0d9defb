/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picks the instruction set at run time. */

#include "kernels/kernels.h"

#include "config.h"
#include "kernels/fetch.h"

/* Those that were compiled, the best first. */
#define DECLARE(name) extern const L4Kernels l4_kernels_##name;
L4_KERNELS (DECLARE)
#define ADDRESS(name) &l4_kernels_##name,
static const L4Kernels *const tables[] = { L4_KERNELS (ADDRESS) };

static gboolean
can_run (const char *name)
{
  gboolean v3, v4, vnni, bf16;

  __builtin_cpu_init ();
  v3 = __builtin_cpu_supports ("x86-64-v3");
  v4 = __builtin_cpu_supports ("x86-64-v4");
  vnni = v4 && __builtin_cpu_supports ("avx512vnni");
  bf16 = vnni && __builtin_cpu_supports ("avx512bf16") && __builtin_cpu_supports ("avx512vbmi");
  if (g_str_equal (name, "amx"))
    return bf16 && l4_has_amx ();
  if (g_str_equal (name, "bf16"))
    return bf16;
  if (g_str_equal (name, "vnni"))
    return vnni;
  if (g_str_equal (name, "avx512"))
    return v4;
  if (g_str_equal (name, "avxvnni"))
    return v3 && __builtin_cpu_supports ("avxvnni");
  return !g_str_equal (name, "avx2") || v3;
}

const L4Kernels *
l4_kernels_by_name (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    if ((name == NULL || g_str_equal (tables[i]->name, name)) && can_run (tables[i]->name))
      return tables[i];
  return NULL;
}

static const L4Kernels *
choose (void)
{
  const char *name = g_getenv ("L4_CPU");
  const L4Kernels *table = name != NULL ? l4_kernels_by_name (name) : NULL;

  l4_fetch_init ();
  return table != NULL ? table : l4_kernels_by_name (NULL);
}

const L4Kernels *
l4_kernels (void)
{
  static const L4Kernels *chosen = NULL;

  if (g_once_init_enter (&chosen))
    g_once_init_leave (&chosen, choose ());
  return chosen;
}
