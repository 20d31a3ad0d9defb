/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A broker: Debian's mosquitto, which is started, killed and started again. */

#include "broker.h"

#include "support.h"

/* Only connections tell that it listens. */
static gboolean
listens (guint port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gboolean done = connect (fd, (struct sockaddr *) &address, sizeof (address)) == 0;

  close (fd);
  return done;
}

void
broker_start (Broker *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autofree char *program = g_find_program_in_path ("mosquitto"), *file = g_build_filename (self->folder, "broker.conf", NULL);

  g_subprocess_launcher_unsetenv (launcher, "LD_PRELOAD");
  self->process = g_subprocess_launcher_spawn (launcher, &error, program != NULL ? program : "/usr/sbin/mosquitto", "-c", file, NULL);
  g_assert_no_error (error);
  wait_for (listens (self->port));
}

void
broker_init (Broker *self, const char *more)
{
  g_autofree char *lines = NULL, *text = NULL, *file = NULL;
  GString *whole = g_string_new (more);

  *self = (Broker) { .folder = folder_new (), .port = free_port () };
  g_string_replace (whole, "%s", self->folder, 0);
  lines = g_string_free (whole, FALSE);
  text = g_strdup_printf ("listener %u 127.0.0.1\npersistence true\npersistence_location %s/\n%s%s\n", self->port, self->folder,
      geteuid () == 0 ? "user root\n" : "", lines);
  file = folder_write (self->folder, "broker.conf", text, -1);
}

void
broker_stop (Broker *self, int number)
{
  if (self->process == NULL)
    return;
  g_subprocess_send_signal (self->process, number);
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->process);
}

void
broker_clear (Broker *self)
{
  broker_stop (self, SIGKILL);
  folder_free (self->folder);
}

void
broker_kill (Broker *self)
{
  g_autofree char *file = g_build_filename (self->folder, "mosquitto.db", NULL), *other = g_strconcat (file, ".new", NULL);

  g_unlink (file);
  g_subprocess_send_signal (self->process, SIGUSR1);
  wait_for (g_file_test (file, G_FILE_TEST_EXISTS) && !g_file_test (other, G_FILE_TEST_EXISTS));
  broker_stop (self, SIGKILL);
}

/* A stopped process goes on for a while. */
void
broker_stand_still (Broker *self)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/stat", g_subprocess_get_identifier (self->process));

  g_subprocess_send_signal (self->process, SIGSTOP);
  for (gboolean stopped = FALSE; !stopped;) {
    g_autofree char *text = NULL;

    g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
    stopped = strstr (text, ") T") != NULL;
    g_usleep (1000);
  }
}
