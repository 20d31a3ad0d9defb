/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this machine can do at most, measured and kept in the user's cache folder. */

#include "engine/machine.h"

#include <cpuid.h>

#include "kernels/kernels.h"

#define TIME_KEY "measured"     /* seconds since 1970 */
#define WEEK (7 * 24 * 3600)

static const char *const keys[] = { "bytes-per-second", "matrix-per-second", "dots-per-second" };

static char *
file_name (void)
{
  return g_build_filename (g_get_user_cache_dir (), "llama4describe", "speed.ini", NULL);
}

/* The processor as it names itself, and what of it is used. */
static char *
group_name (const L4Compute *compute)
{
  guint name[13] = { 0 };       /* three times four registers of text, and its end */

  for (guint i = 0; i < 3; i++)
    if (!__get_cpuid (0x80000002 + i, &name[4 * i], &name[4 * i + 1], &name[4 * i + 2], &name[4 * i + 3]))
      name[0] = 0;
  return g_strdup_printf ("%s, %s, %u threads", g_strstrip (g_strdelimit ((char *) name, "[]", ' ')), l4_kernels ()->name,
      l4_compute_get_threads (compute));
}

/* The file's numbers, and *group (transfer full) those of this machine. NULL: there is none. (transfer full) */
static GKeyFile *
load (const L4Compute *compute, char **group)
{
  g_autofree char *file = file_name ();
  g_autoptr (GKeyFile) kept = g_key_file_new ();

  *group = group_name (compute);
  return g_key_file_load_from_file (kept, file, G_KEY_FILE_NONE, NULL) ? g_steal_pointer (&kept) : NULL;
}

gboolean
l4_machine_recall (const L4Compute *compute, L4Speed *speed)
{
  g_autofree char *group = NULL;
  g_autoptr (GKeyFile) kept = load (compute, &group);
  double values[G_N_ELEMENTS (keys)];

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    values[i] = kept != NULL ? g_key_file_get_double (kept, group, keys[i], NULL) : 0;
    if (!(values[i] >= 1 && values[i] <= 1e18))
      return FALSE;
  }
  *speed = (L4Speed) { values[0], values[1], values[2] };
  return TRUE;
}

gboolean
l4_machine_is_old (const L4Compute *compute)
{
  g_autofree char *group = NULL;
  g_autoptr (GKeyFile) kept = load (compute, &group);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC, then = kept != NULL ? g_key_file_get_int64 (kept, group, TIME_KEY, NULL) : 0;

  return then > now || now - then >= WEEK;
}

gboolean
l4_machine_keep (const L4Compute *compute, const L4Speed *speed)
{
  const double values[G_N_ELEMENTS (keys)] = { speed->bytes_per_second, speed->matrix_per_second, speed->dots_per_second };
  g_autofree char *file = file_name (), *folder = g_path_get_dirname (file), *group = NULL;
  g_autoptr (GKeyFile) kept = load (compute, &group);

  if (kept == NULL)
    kept = g_key_file_new ();   /* otherwise it has other numbers of threads */
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    g_key_file_set_double (kept, group, keys[i], values[i]);
  g_key_file_set_int64 (kept, group, TIME_KEY, g_get_real_time () / G_USEC_PER_SEC);
  return g_mkdir_with_parents (folder, 0700) == 0 && g_key_file_save_to_file (kept, file, NULL);
}

gboolean
l4_machine_measure (L4Compute *compute, L4Speed *speed, GError **error)
{
  L4Speed kept;

  if (!l4_measure (compute, speed, error))
    return FALSE;
  if (l4_machine_recall (compute, &kept)) {
    speed->bytes_per_second = MAX (speed->bytes_per_second, kept.bytes_per_second);
    speed->matrix_per_second = MAX (speed->matrix_per_second, kept.matrix_per_second);
    speed->dots_per_second = MAX (speed->dots_per_second, kept.dots_per_second);
  }
  l4_machine_keep (compute, speed);
  return TRUE;
}
