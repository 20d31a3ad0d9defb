/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A broker, who listens to it, and what two cameras are told of through it. */

#pragma once

#include "tell/mqtt.h"

#include "broker.h"
#include "listener.h"
#include "support.h"

/* A broker that takes everybody, with a listener; lines that are reported; settings for it. */
void stage_open (Broker *broker, Listener *listener, Said *said, L4MqttSettings *settings);
void stage_close (Broker *broker, Listener *listener, Said *said);

/* Settings for a broker in which trying again takes no time. */
L4MqttSettings settings_for (guint port, Said *said);
L4Tell *mqtt_new (const L4MqttSettings *settings);

/* Of first up to last. (transfer full) */
char *numbers_from (guint first, guint last);

/* A time in which nothing should happen: whoever asks again and again works all of it, however slow the machine. */
typedef struct
{
  gint64 begin;
  double worked;
} Rest;

Rest rest_begin (void);
void rest_end (Rest rest);      /* fails the test when it was no rest */
