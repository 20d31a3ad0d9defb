/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end by SIGINT, SIGTERM or SIGHUP: the first one cancels, the second one ends the process at once. */

#include "run/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include <glib-unix.h>

#include "command/command.h"

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

static atomic_int arrived;      /* number of the first one; 0: none */
static int wake[2];             /* the handler writes, the thread reads */

/* What handlers may do. */
G_NORETURN static void
die_of (int number)
{
  sigset_t set;

  signal (number, SIG_DFL);
  sigemptyset (&set);
  sigaddset (&set, number);
  raise (number);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);    /* a handler's own is blocked while it runs */
  _exit (128 + number);
}

static void
on_signal (int number)
{
  int before = errno, none = 0;

  if (!atomic_compare_exchange_strong (&arrived, &none, number))
    die_of (number);
  if (write (wake[1], "", 1) < 0)
    die_of (number);
  errno = before;
}

static gpointer
wait_for_signal (gpointer data)
{
  char byte;

  while (read (wake[0], &byte, 1) < 0 && errno == EINTR);
  g_cancellable_cancel (data);
  return NULL;
}

GCancellable *
l4_signals_begin (void)
{
  static GCancellable *cancellable;

  if (cancellable != NULL || !g_unix_open_pipe (wake, FD_CLOEXEC, NULL))
    return cancellable;
  cancellable = g_cancellable_new ();
  g_thread_unref (g_thread_new ("l4-signals", wait_for_signal, cancellable));
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    struct sigaction old, action = {.sa_handler = on_signal,.sa_flags = SA_RESTART };

    sigaction (numbers[i], NULL, &old);
    if (old.sa_handler != SIG_IGN)
      sigaction (numbers[i], &action, NULL);
  }
  return cancellable;
}

void
l4_signals_end (void)
{
  int number = atomic_load (&arrived);

  if (number != 0)
    l4_command_end_by_signal (number);
}
