/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests of ways to tell have in common: lines that were reported, free ports, files that openssl makes, alerts. */

#pragma once

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "tell/tell.h"

#define PATIENCE (20 * G_TIME_SPAN_SECOND)      /* until something is taken not to happen any more, on a busy machine */

/* Until the condition holds; fails the test otherwise. */
#define wait_for(condition) \
  G_STMT_START { \
    gint64 wait_end = g_get_monotonic_time () + PATIENCE; \
    while (!(condition)) { \
      if (g_get_monotonic_time () > wait_end) \
        g_error ("waited in vain for %s", #condition); \
      g_usleep (5000); \
    } \
  } G_STMT_END

/* Whether another thread has added that text. */
static inline gboolean
has_text (GMutex *lock, const GPtrArray *texts, const char *what)
{
  gboolean found = FALSE;

  g_mutex_lock (lock);
  for (guint i = 0; i < texts->len && !found; i++)
    found = strcmp (texts->pdata[i], what) == 0;
  g_mutex_unlock (lock);
  return found;
}

/* Lines that a way reported. */
typedef struct
{
  GMutex lock;
  GPtrArray *lines;             /* bad ones begin with "! " */
} Said;

static inline void
said_init (Said *self)
{
  g_mutex_init (&self->lock);
  self->lines = g_ptr_array_new_with_free_func (g_free);
}

static inline void
said_clear (Said *self)
{
  g_ptr_array_unref (self->lines);
  g_mutex_clear (&self->lock);
}

static inline void
said_add (gboolean trouble, const char *line, gpointer data)
{
  Said *self = data;

  g_assert_true (g_utf8_validate (line, -1, NULL));
  g_assert_null (strpbrk (line, "\n\r\033"));
  g_test_message ("reported: %s", line);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->lines, g_strconcat (trouble ? "! " : "", line, NULL));
  g_mutex_unlock (&self->lock);
}

/* How many lines have the word. */
static inline guint
said_count (Said *self, const char *word)
{
  guint count = 0;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->lines->len; i++)
    count += strstr (self->lines->pdata[i], word) != NULL;
  g_mutex_unlock (&self->lock);
  return count;
}

/* A socket of 127.0.0.1; listening or only bound. */
static inline int
bind_port (guint *port, gboolean listening)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof (address);
  int one = 1, fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof (one));
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, size), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &size), ==, 0);
  if (listening)
    g_assert_cmpint (listen (fd, 100), ==, 0);
  *port = ntohs (address.sin_port);
  return fd;
}

static inline guint
free_port (void)
{
  guint port;

  close (bind_port (&port, FALSE));
  return port;
}

/* Runs a command line in a folder; its success. */
static inline void
command (const char *folder, const char *line)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) arguments = NULL;
  g_autofree char *err = NULL;

  g_assert_true (g_shell_parse_argv (line, NULL, &arguments, &error));
  g_subprocess_launcher_set_cwd (launcher, folder);
  g_subprocess_launcher_unsetenv (launcher, "LD_PRELOAD");
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) arguments, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &err, &error);
  g_assert_no_error (error);
  if (!g_subprocess_get_successful (process))
    g_error ("%s: %s", line, err);
}

#define OPENSSL "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

/* A certificate NAME.pem with NAME.key for those names, signed by ca.pem or, without one, by itself. */
static inline void
make_certificate (const char *folder, const char *name, const char *names, gboolean signs_itself, const char *time)
{
  g_autofree char *line = g_strdup_printf (OPENSSL " %s -subj /CN=%s -addext subjectAltName=%s -addext basicConstraints=critical,CA:FALSE"
      " %s -keyout %s.key -out %s.pem", time, name, names, signs_itself ? "" : "-CA ca.pem -CAkey ca.key", name, name);

  command (folder, line);
}

/* ca.pem, and signed by it server.pem of localhost and client.pem, with NAME.key; what is wrong with the others their names
 * tell. */
static inline void
make_certificates (const char *folder)
{
  static const char here[] = "DNS:localhost,IP:127.0.0.1", now[] = "-days 2";

  command (folder, OPENSSL " -days 2 -subj /CN=authority -keyout ca.key -out ca.pem");
  command (folder, OPENSSL " -days 2 -subj /CN=stranger -keyout stranger.key -out stranger.pem");
  make_certificate (folder, "server", here, FALSE, now);
  make_certificate (folder, "client", here, FALSE, now);
  make_certificate (folder, "self-signed", here, TRUE, now);
  make_certificate (folder, "other", "DNS:other.invalid", FALSE, now);
  make_certificate (folder, "expired", here, FALSE, "-not_before 20200101000000Z -not_after 20200201000000Z");
  make_certificate (folder, "early", here, FALSE, "-not_before 21000101000000Z -not_after 21000201000000Z");
}

/* The alert that a number stands for. */
static inline void
tell_number (L4Tell *tell, const char *rule, gboolean on, guint number)
{
  g_autofree char *record = g_strdup_printf ("{\"number\":%u}", number);

  l4_tell_alert (tell, &(L4Alert) { .camera = "Yard", .rule = rule, .on = on, .record = record, .sentence = "" });
}

static inline L4TellCounters
counters_of (L4Tell *tell)
{
  L4TellCounters counters;

  l4_tell_get_counters (tell, &counters);
  return counters;
}
