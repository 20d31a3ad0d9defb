/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A broker, who listens to it, and what two cameras are told of through it. */

#include "stage.h"

#include <sys/resource.h>

static const char *const yard_rules[] = {"Somebody at the door", "car", NULL};
static const char *const gate_rules[] = {"car", NULL};
static const L4TellCamera cameras[] = {{"Yard", yard_rules}, {"Hof-Tür", gate_rules}};

char *
numbers_from (guint first, guint last)
{
  GString *numbers = g_string_new (NULL);

  for (guint i = first; i <= last; i++)
    g_string_append_printf (numbers, "%u ", i);
  return g_string_free (numbers, FALSE);
}

L4MqttSettings
settings_for (guint port, Said *said)
{
  return (L4MqttSettings) { .host = "localhost", .port = port, .retry_ms = 20, .report = said_add, .report_data = said };
}

L4Tell *
mqtt_new (const L4MqttSettings *settings)
{
  g_autoptr (GError) error = NULL;
  L4Tell *tell = l4_mqtt_new (settings, cameras, G_N_ELEMENTS (cameras), &error);

  g_assert_no_error (error);
  return tell;
}

void
stage_open (Broker *broker, Listener *listener, Said *said, L4MqttSettings *settings)
{
  said_init (said);
  broker_init (broker, "allow_anonymous true");
  broker_start (broker);
  listener_init (listener, broker->port, NULL, NULL, NULL);
  *settings = settings_for (broker->port, said);
}

void
stage_close (Broker *broker, Listener *listener, Said *said)
{
  listener_clear (listener);
  broker_clear (broker);
  said_clear (said);
}

/* What this process has worked. */
static double
cpu_seconds (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

Rest
rest_begin (void)
{
  return (Rest) { g_get_monotonic_time (), cpu_seconds () };
}

void
rest_end (Rest rest)
{
  double passed = (g_get_monotonic_time () - rest.begin) / (double) G_TIME_SPAN_SECOND;

  g_assert_cmpfloat (cpu_seconds () - rest.worked, <, passed / 2 + 0.1);
}
