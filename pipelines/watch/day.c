/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The days of cameras: what is kept of a camera is kept, and let go, by days of local time. */

#include "watch/day.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "find/date.h"

#define NO_FOLDER "/cameras"
#define SUMMARY "-summary"

static L4Day
make_day (GDateTime *midnight)
{
  g_autofree char *name = g_date_time_format (midnight, "%Y-%m-%d");
  L4Day day = {.midnight = g_date_time_to_unix (midnight) * G_USEC_PER_SEC };

  g_strlcpy (day.name, name, sizeof day.name);
  return day;
}

L4Day
l4_day_of (gint64 time)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : g_date_time_new_local (1970, 1, 1, 0, 0, 0);
  g_autoptr (GDateTime) midnight = l4_midnight (g_date_time_get_year (local), g_date_time_get_month (local), g_date_time_get_day_of_month (local));

  return make_day (midnight);
}

char *
l4_day_name (const char *day, gboolean summaries, guint n)
{
  const char *kind = summaries ? SUMMARY : "";

  return n == 1 ? g_strconcat (day, kind, NULL) : g_strdup_printf ("%s%s-%u", day, kind, n);
}

/* What follows the day. */
static gboolean
is_rest (const char *rest)
{
  if (g_str_has_prefix (rest, SUMMARY))
    rest += strlen (SUMMARY);
  return *rest == '\0' || (*rest == '-' && strspn (rest + 1, "0123456789") == strlen (rest + 1));
}

gboolean
l4_day_parse (const char *name, L4Day *day)
{
  static const char form[] = "dddd-dd-dd";
  g_autoptr (GDateTime) midnight = NULL;

  for (guint i = 0; i < L4_DAY_LENGTH; i++)
    if (form[i] == 'd' ? !g_ascii_isdigit (name[i]) : name[i] != form[i])
      return FALSE;
  if (!is_rest (name + L4_DAY_LENGTH))
    return FALSE;
  midnight = l4_midnight (atoi (name), atoi (name + 5), atoi (name + 8));
  if (midnight != NULL)
    *day = make_day (midnight);
  return midnight != NULL;
}

char *
l4_day_path (const L4Cameras *cameras, const L4Camera *camera, const char *day)
{
  return g_build_filename (cameras->folder != NULL ? cameras->folder : NO_FOLDER, camera->name, day, NULL);
}

typedef void (*FileFunc) (const char *path, const struct stat *status, gpointer data);

static void
for_each_file (const char *path, FileFunc func, gpointer data)
{
  struct stat status;
  g_autoptr (GDir) folder = lstat (path, &status) == 0 && S_ISDIR (status.st_mode) ? g_dir_open (path, 0, NULL) : NULL;
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *file = g_build_filename (path, name, NULL);

    if (lstat (file, &status) == 0 && S_ISREG (status.st_mode))
      func (file, &status, data);
  }
}

static void
add_size (const char *path, const struct stat *status, gpointer bytes)
{
  *(guint64 *) bytes += status->st_size;
}

static void
remove_file (const char *path, const struct stat *status, gpointer data)
{
  unlink (path);
}

guint64
l4_day_measure (const char *path)
{
  guint64 bytes = 0;

  for_each_file (path, add_size, &bytes);
  return bytes;
}

void
l4_day_remove (const char *path)
{
  for_each_file (path, remove_file, NULL);
  rmdir (path);
}
