/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A film shown by a player of the machine, from a time on. */

#include "find/player.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

/* What is taken when nobody chose; what a program of that name takes when only its name was chosen. A path is absolute: no player takes
 * it for an option. */
static const struct
{
  const char *program, *arguments;
} players[] = {
  {"mpv", "mpv --start={seconds} -- {file}"},
  {"vlc", "vlc --start-time={seconds} {file}"},
  {"ffplay", "ffplay -loglevel warning -autoexit -ss {seconds} -i {file}"},
  {"xdg-open", "xdg-open {file}"},
};

/* (transfer full) */
static char *
format_seconds (guint64 start)
{
  guint64 milliseconds = start / 1000000;

  return g_strdup_printf ("%" G_GUINT64_FORMAT ".%03u", milliseconds / 1000, (guint) (milliseconds % 1000));
}

static char *
format_clock (guint64 start)
{
  guint64 seconds = start / 1000000000;

  return g_strdup_printf ("%" G_GUINT64_FORMAT ":%02u:%02u.%03u", seconds / 3600, (guint) (seconds / 60 % 60), (guint) (seconds % 60),
      (guint) (start / 1000000 % 1000));
}

static const char *
find_installed (GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (players); i++) {
    g_autofree char *path = g_find_program_in_path (players[i].program);

    if (path != NULL)
      return players[i].arguments;
  }
  l4_fail (error, L4_ERROR_NOT_FOUND, _("none of mpv, vlc, ffplay and xdg-open is installed; LLAMA4_PLAYER may name another player"));
  return NULL;
}

/* Other options than those that the player has from us stand before them: "mpv --fs". */
static char **
split_choice (const char *choice, GError **error)
{
  g_auto (GStrv) words = NULL;
  g_autofree char *name = NULL;

  if (!g_shell_parse_argv (choice, NULL, &words, NULL)) {
    l4_fail (error, L4_ERROR_INPUT, _("LLAMA4_PLAYER: %s: is no command line"), choice);
    return NULL;
  }
  name = g_path_get_basename (words[0]);
  for (guint i = 0; i < G_N_ELEMENTS (players) && strstr (choice, "{file}") == NULL; i++)
    if (strcmp (players[i].program, name) == 0) {
      g_auto (GStrv) more = g_strsplit (players[i].arguments, " ", -1);
      g_autoptr (GStrvBuilder) all = g_strv_builder_new ();

      g_strv_builder_addv (all, (const char **) words);
      g_strv_builder_addv (all, (const char **) more + 1);
      return g_strv_builder_end (all);
    }
  return g_steal_pointer (&words);
}

static char *
fill_in (const char *word, const char *name, const char *value)
{
  g_auto (GStrv) parts = g_strsplit (word, name, -1);

  return g_strjoinv (value, parts);
}

/* {file} last: a path may hold the other names. */
static char *
fill_in_all (const char *word, const char *path, guint64 start)
{
  g_autofree char *seconds = format_seconds (start), *clock = format_clock (start);
  g_autofree char *first = fill_in (word, "{seconds}", seconds), *second = fill_in (first, "{start}", clock);

  return fill_in (second, "{file}", path);
}

char **
l4_player_get_command (const char *choice, const char *path, guint64 start, GError **error)
{
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();
  g_auto (GStrv) words = NULL;
  gboolean has_file = FALSE;

  if (!g_path_is_absolute (path)) {
    l4_fail (error, L4_ERROR_INPUT, _("%s: is no absolute path"), path);
    return NULL;
  }
  if (choice == NULL && (choice = find_installed (error)) == NULL)
    return NULL;
  if ((words = split_choice (choice, error)) == NULL)
    return NULL;
  for (guint i = 0; words[i] != NULL; i++) {
    g_autofree char *word = fill_in_all (words[i], path, start);

    has_file |= strstr (words[i], "{file}") != NULL;
    g_strv_builder_add (command, word);
  }
  if (!has_file)
    g_strv_builder_add (command, path);
  return g_strv_builder_end (command);
}

gboolean
l4_player_become (char **command, GError **error)
{
  fflush (stdout);
  execvp (command[0], command);
  return l4_fail (error, L4_ERROR_NOT_FOUND, "%s: %s", command[0], g_strerror (errno));
}
